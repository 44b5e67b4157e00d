"""What a dealer takes along: all that is its own, and nothing of anybody else's (P1)."""

import io
import zipfile

import pytest

from portal.core.db import session
from portal.core.errors import Conflict
from portal.files.models import Attachment
from portal.files.storage import storage
from portal.ledger import months
from portal.owndata import archive, views
from portal.sheets.table import read_table
from tests.functional import world as worlds
from tests.support import claims, correcting, story
from tests.support.portal import DEALERS, Portal
from tests.support.queries import counted


def taken(portal: Portal, who: str = "manager") -> zipfile.ZipFile:
    """The archive that somebody of a dealer takes along; every file in it is whole."""
    answer = portal.client(portal.cast[who]).get("/own-data.zip", buffered=True)
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


def cells(archive: zipfile.ZipFile, title: str) -> list[str]:
    """The rows of a spreadsheet of it."""
    (name,) = (one for one in archive.namelist() if one.endswith(f" {title}.xlsx"))
    return ["\t".join(row.cells) for row in read_table(archive.read(name), "list.xlsx").rows]


def test_archive_holds_all_that_is_the_dealers(portal: Portal) -> None:
    """P1: lists, lines, statements and files; nothing that names another dealer's."""
    worlds.build(portal)
    archive = taken(portal)
    names = archive.namelist()
    for title in (
        "Parts applications",
        "Application lines",
        "Shipped lines",
        "Old parts",
        "Claims",
    ):
        assert cells(archive, title), title
    assert any(name.startswith("Files/OP-") for name in names)
    assert len(names) == len(set(names))
    theirs = DEALERS["south"]
    for name in names:
        if name.endswith(".xlsx"):
            said = "\n".join(cells(archive, name.removesuffix(".xlsx").partition(" ")[2]))
            for fact in (theirs.name, theirs.code, "Customer of south"):
                assert fact not in said, name
    other = taken(portal, "other_manager").namelist()
    assert not {one for one in names if one.startswith("Files/")} & set(other)


def test_statements_are_in_it(portal: Portal) -> None:
    """R8, L9: of each closed month, as they are printed."""
    claims.pieces(portal, 1)
    claim = claims.submitted(portal)
    run = claims.opened(portal)
    claims.decide_all(portal, claim)
    claims.close(portal, run)
    portal.clock.at = claims.RUN_DAY
    with portal.app.app_context():
        months.write_due(portal.clock)
    archive = taken(portal)
    for name in (f"Reimbursement statement/{claim.number}.pdf", "Account statement/2026-10.pdf"):
        assert archive.read(name).startswith(b"%PDF")


def test_what_the_dealer_does_not_see_is_not_in_it(portal: Portal) -> None:
    """P1, L8: the evidence of an adjustment that is not booked yet stays at headquarters."""
    made = correcting.asked(portal)
    assert not any(made.number in name for name in taken(portal).namelist())
    correcting.stepped(portal, made, "book", correcting.checker(portal))
    assert any(made.number in name for name in taken(portal).namelist())


def test_file_whose_bytes_are_gone_is_named(portal: Portal) -> None:
    """What cannot be had is said, and the rest is there."""
    story.registered(portal)
    with portal.transaction():
        gone = session.query(Attachment).filter(Attachment.document_kind == "oldpart").first()
        assert gone is not None
        storage().delete(gone.storage_key)
        key = gone.id
    archive = taken(portal)
    assert f"/{key} " in archive.read("missing.txt").decode()


def test_one_archive_at_a_time(portal: Portal) -> None:
    """Whoever comes meanwhile is told to come again; it is free again also if left halfway."""
    client = portal.client(portal.manager)
    first = client.get("/own-data.zip")
    second = portal.client(portal.other_manager).get("/own-data.zip")
    assert second.status_code == 409
    assert "Another archive is being made" in second.text
    first.close()
    taken(portal)


def test_nobody_waits_for_ever_when_one_downloads_slowly(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn lasts some minutes; who had it goes on, and gives back nothing of another's."""
    seconds = 0
    monkeypatch.setattr(views, "monotonic", lambda: seconds)
    turns = views.Turns()
    with portal.app.test_request_context():
        slow = turns.take()
        seconds += views.LONGEST - 1
        with pytest.raises(Conflict):
            turns.take()
        seconds += 1
        second = turns.take()
        turns.give_back(slow)
        with pytest.raises(Conflict):
            turns.take()
        turns.give_back(second)
        turns.take()


def test_files_cost_the_same_few_queries_however_many(portal: Portal) -> None:
    """House: their documents' names are asked for together."""
    found = []
    for _time in range(2):
        story.registered(portal)
        with portal.app.test_request_context(), counted(portal.app) as statements:
            places = [entry.name for entry in archive._files(portal.manager)]
        found.append((len(places), len(statements)))
    assert found[0][0] < found[1][0]
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("who", ["clerk", "desk", "administrator"])
def test_only_a_manager_takes_it(portal: Portal, who: str) -> None:
    """P3: nobody else does."""
    assert portal.client(portal.cast[who]).get("/own-data.zip").status_code == 403
