"""O3: old parts registered in bulk: preview, import, and the bad rows back."""

import io
import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core.db import session
from portal.files.models import Attachment
from portal.files.storage import storage
from portal.oldparts import batch_photos, batches
from portal.oldparts.batch_models import BatchPhoto, BatchRow, OldPartBatch
from portal.oldparts.models import OldPart
from portal.sheets.table import read_table
from tests.functional.oldparts import many
from tests.support import story
from tests.support.portal import Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def count(portal: Portal, model: Any, *where: Any) -> int:
    with portal.transaction():
        return session.scalars(select(func.count()).select_from(model).where(*where)).one()


def test_good_rows_are_registered_and_bad_ones_handed_back(portal: Portal) -> None:
    """O3: preview with each row's error, import of the good rows, the others as a spreadsheet."""
    story.received(portal, story.line(portal, quantity=3))
    sheet = many.table(
        many.row(1), many.row(2, Cause=""), many.row(3, Photos="valve.png"), many.row(4)
    )
    photos = {
        "1.png": many.photo(1), "1-2.png": many.photo(2), "old-2.png": many.photo(3),
        "valve.png": many.photo(4), "holiday.png": many.photo(5),
    }  # fmt: skip
    url = many.uploaded(portal, sheet, photos)
    client = portal.client(portal.clerk)
    page = client.get(f"{url}?show=total").text
    assert "2 rows have errors" in page
    assert "2 old parts can be registered." in page
    assert "Cause: Say what caused the fault." in page
    assert "Add a photo of the old part." in page
    assert "1 photo belongs to no row" in page
    assert "holiday.png" in page
    assert many.registered(portal, url).status_code == 303
    page = client.get(f"{url}?show=done").text
    assert page.count("OP-2026-D0001-") == 2
    assert "2 rows had errors" in page
    labels = f"/old-parts/labels?batch={url.rpartition('/')[2]}"
    assert labels in page
    assert "For 2 old parts." in client.get(labels).text
    foreign = portal.client(portal.other_clerk).get(labels).text
    assert "No old parts here" in foreign
    back = client.get(f"{url}/errors.xlsx", buffered=True)
    found = read_table(back.data, "errors.xlsx")
    assert found.headings == (*many.HEADINGS, "Error")
    assert [one.cells[0] for one in found.rows] == ["2", "4"]
    assert "Say what caused the fault." in found.rows[0].cells[-1]
    assert count(portal, OldPart) == 2
    kept = (Attachment.document_kind == "oldpart",)
    assert count(portal, Attachment, *kept) == 3


def test_corrected_rows_are_sent_as_they_came_back_without_their_photos(portal: Portal) -> None:
    """O3: the handed-back sheet is uploaded as it is; the photos that are here stay."""
    story.received(portal, story.line(portal, quantity=2))
    sheet = many.table(many.row(1), many.row(2, Cause=""))
    photos = {"1.png": many.photo(1), "2.png": many.photo(2)}
    url = many.uploaded(portal, sheet, photos)
    many.registered(portal, url)
    client = portal.client(portal.clerk)
    back = read_table(client.get(f"{url}/errors.xlsx", buffered=True).data, "e.xlsx")
    cells = list(back.rows[0].cells)
    cells[many.HEADINGS.index("Cause")] = "Torn"
    again = many.table(cells, headings=back.headings)
    answer = many.send(client, again, instead=url.rpartition("/")[2])
    assert "columns" not in answer.location
    many.registered(portal, answer.location)
    assert count(portal, OldPart) == 2
    assert "Every row is registered." in client.get(answer.location).text
    assert count(portal, Attachment, Attachment.document_kind == "oldpart") == 2


def test_rows_without_a_number_keep_theirs_when_handed_back(portal: Portal) -> None:
    """O3: photos are known by the row's number; a table without one gets a column of them."""
    story.received(portal)
    headings = many.HEADINGS[1:]
    rows = [many.row(1)[1:], many.row(2, Cause="")[1:]]
    photos = {"2.png": many.photo(1), "3.png": many.photo(2)}
    url = many.uploaded(portal, many.table(*rows, headings=headings), photos)
    client = portal.client(portal.clerk)
    assert "1 old part can be registered." in client.get(url).text
    back = read_table(client.get(f"{url}/errors.xlsx", buffered=True).data, "e.xlsx")
    assert back.headings[-2:] == ("No.", "Error")
    assert back.rows[0].cells[-2] == "3"


def test_each_row_says_why_when_it_draws_from_nothing(portal: Portal) -> None:
    """O2, O3: never more than was shipped, also within one file; what is not there is said."""
    shipment = story.received(portal, story.line(portal, quantity=1))
    sent = story.shipped(portal)
    south = story.received(portal, by="other_clerk")
    rows = [
        many.row(1, Shipment=shipment.number),
        many.row(2),
        many.row(3, Shipment=sent.number),
        many.row(4, Shipment=south.number),
        many.row(5, **{"Part number": "ZZ-9"}),
        many.row(6, **{"Part number": "FP-200"}),
        many.row(7, Application="PA-1"),
    ]
    url = many.uploaded(portal, many.table(*rows), {f"{n}.png": many.photo(n) for n in range(1, 8)})
    page = portal.client(portal.clerk).get(f"{url}?show=wrong").text
    assert "Every piece that it could be is taken by another row." in page
    assert f"First confirm that shipment {sent.number} arrived." in page
    assert f"There is no shipment “{south.number}”." in page
    assert "There is no part “ZZ-9”." in page
    assert "No piece of this part waits to be registered." in page
    assert "There is no application “PA-1”." in page
    many.registered(portal, url)
    assert count(portal, OldPart) == 1


def test_oldest_line_is_drawn_from_and_said_when_several_fit(portal: Portal) -> None:
    """O3: the product's own line first, then the oldest; what the row leaves open is filled in."""
    first = story.received(portal, story.line(portal, quantity=1, serial="SN-9"))
    portal.clock.advance(days=1)
    second = story.received(portal, story.line(portal, quantity=1, serial="SN-7"))
    rows = [
        many.row(1, **{"Product serial": "", "Complaint": ""}),
        many.row(2, **{"Product serial": "sn 7"}),
    ]
    url = many.uploaded(portal, many.table(*rows), {"1.png": many.photo(1), "2.png": many.photo(2)})
    page = portal.client(portal.clerk).get(f"{url}?show=total").text
    assert f"Drawn from shipment {second.number}." in page
    assert f"Drawn from shipment {first.number}" in page
    many.registered(portal, url)
    with portal.transaction():
        pieces = session.scalars(select(OldPart).order_by(OldPart.id)).all()
        assert [one.product_serial for one in pieces] == ["SN-9", "sn 7"]
        assert pieces[0].complaint == "Leaks at the base"


def test_serials_are_errors_of_the_row_when_they_repeat(portal: Portal) -> None:
    """O3, O4: within the file, and of what was registered before; a stranger's has no number."""
    story.received(portal, story.line(portal, quantity=4))
    before = story.registered(portal, story.received(portal), old_serial="old-3")
    story.registered(portal, by="other_clerk", old_serial="OLD-4")
    rows = [
        many.row(1),
        many.row(2, **{"Serial of the old part": " old-1"}),
        many.row(3),
        many.row(4),
        many.row(5, **{"Product serial": "sn-1"}),
    ]
    url = many.uploaded(portal, many.table(*rows), {f"{n}.png": many.photo(n) for n in range(1, 6)})
    page = portal.client(portal.clerk).get(f"{url}?show=wrong").text
    assert "This old serial stands in row 2 already." in page
    assert f"This old serial was registered before as {before.number}." in page
    assert "This old serial was registered before by somebody else." in page
    assert "stands in row 2 already" in page


def test_row_is_registered_once_when_worker_dies_in_the_middle(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O3: each good row once, although the job is done again from its beginning."""
    story.received(portal, story.line(portal, quantity=9))
    monkeypatch.setattr(batches, "SOME", 2)
    rows = [many.row(n) for n in range(1, 8)]
    url = many.uploaded(portal, many.table(*rows), {f"{n}.png": many.photo(n) for n in range(1, 8)})
    portal.client(portal.clerk).post(f"{url}/import", {"seen": "1"})
    payload = {"batch": many.latest(portal).id, "by": portal.clerk.id}
    honest, calls = batches.register_some, []

    def dies(*args: Any, **options: Any) -> int:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(*args, **options)

    monkeypatch.setattr(batches, "register_some", dies)
    with portal.app.app_context(), pytest.raises(KeyboardInterrupt):
        batches.register_rows(payload, portal.clock)
    assert count(portal, OldPart) == 4
    monkeypatch.setattr(batches, "register_some", honest)
    with portal.app.app_context():
        batches.register_rows(payload, portal.clock)
        batches.register_rows(payload, portal.clock)
        session.remove()
    assert count(portal, OldPart) == count(portal, BatchRow) == 7
    assert many.latest(portal).status == "imported"


def test_same_file_registers_once_when_sent_twice_at_once(portal: Portal) -> None:
    """O3: two uploads of one file are one set of rows, even without any serial."""
    story.received(portal, story.line(portal, quantity=9))
    bare = {"Serial of the old part": "", "Product serial": ""}
    rows = [many.row(n, **bare) for n in range(1, 4)]
    photos = {f"{n}.png": many.photo(n) for n in range(1, 4)}
    sheet = many.table(*rows)
    ids = []
    for by in ("clerk", "manager"):
        url = many.uploaded(portal, sheet, photos, by)
        ids.append(many.latest(portal).id)
        portal.client(portal.cast[by]).post(f"{url}/import", {"seen": "1"})
    errors: list[BaseException] = []

    def run(batch: int) -> None:
        try:
            with portal.app.app_context():
                batches.register_rows({"batch": batch, "by": portal.clerk.id}, portal.clock)
                session.remove()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert count(portal, OldPart) == 3


def test_columns_are_asked_for_once_and_remembered_for_the_dealer(portal: Portal) -> None:
    """O3: a dealer's own headings are proposed, confirmed, and not asked for again."""
    story.received(portal)
    headings = [{"Cause": "Why it broke"}.get(one, one) for one in many.HEADINGS]
    sheet = many.table(many.row(1), headings=headings)
    client = portal.client(portal.clerk)
    answer = many.send(client, sheet, {"1.png": many.photo(1)})
    assert answer.location.endswith("/columns")
    page = client.get(answer.location).text
    assert "Why it broke" in page
    mapping = many.latest(portal).mapping["columns"]
    chosen = {key: "" if at is None else str(at) for key, at in mapping.items()}
    chosen["cause"] = str(headings.index("Why it broke"))
    assert client.post(answer.location, chosen | {"seen": "1"}).status_code == 303
    many.work(portal)
    assert (
        "1 old part can be registered." in client.get(answer.location.removesuffix("/columns")).text
    )
    colleague = portal.client(portal.manager)
    other = many.table(many.row(2), headings=headings)
    assert not many.send(colleague, other).location.endswith("/columns")
    south = portal.client(portal.other_clerk)
    assert many.send(south, other).location.endswith("/columns")


def test_template_lists_open_pieces_and_is_understood_in_every_language(portal: Portal) -> None:
    """O3: a row for each piece that is open, filled in with what is known."""
    story.received(portal, story.line(portal, quantity=2), story.line(portal, "FP-200", 1))
    story.received(portal, by="other_clerk")
    client = portal.client(portal.clerk)
    names = {"en": "Fill valve", "zh-Hans": "进水阀", "pl": "Zawór napełniający"}
    for language, name in names.items():
        made = client.get(f"/old-parts/many/template/{language}.xlsx", buffered=True)
        found = read_table(made.data, "t.xlsx")
        assert [one.cells[1] for one in found.rows] == ["FV-100", "FV-100", "FP-200"]
        assert found.rows[0].cells[2] == name
        assert not many.send(client, made.data, name=f"{language}.xlsx").location.endswith(
            "columns"
        )
        page = client.get(f"/old-parts/many/{many.latest(portal).public_id}").text
        assert "3 rows have errors" in page
        assert "is missing" not in page
    assert client.get("/old-parts/many/template/de.xlsx").status_code == 404


def test_upload_is_its_dealers_alone_and_a_colleague_sees_it(portal: Portal) -> None:
    """P1: another dealer gets 404 for the page, the file and the photos; a colleague sees them."""
    story.received(portal)
    url = many.uploaded(portal, many.table(many.row(1)), {"1.png": many.photo(1)})
    with portal.transaction():
        name = session.scalars(select(BatchPhoto.photo)).one()
    for who, status in (("manager", 200), ("other_clerk", 404), ("desk", 404)):
        client = portal.client(portal.cast[who])
        assert client.get(f"/files/{name}", buffered=True).status_code == status, who
        expected = 403 if who == "desk" else status
        for end in ("", "/file", "/errors.xlsx"):
            answer = client.get(url + end, buffered=True)
            assert answer.status_code == expected, (who, end)
    assert many.registered(portal, url, by="manager").status_code == 303
    assert count(portal, OldPart) == 1


def test_nothing_is_registered_while_photos_are_being_read(portal: Portal) -> None:
    """O3: the preview shows how far the photos are; then the page is whole again."""
    story.received(portal)
    client = portal.client(portal.clerk)
    answer = many.send(
        client, many.table(many.row(1)), {"all.zip": many.zipped(**{"1": many.photo(1)})}
    )
    url = answer.location
    page = client.get(url).text
    assert "0 / 1" in page
    assert f"{url}/import" not in page
    assert client.post(f"{url}/import", {"seen": "1"}).status_code == 409
    asks = {"HX-Request": "true", "HX-Target": "div#standing"}
    assert "0 / 1" in client.get(url, headers=asks).text
    many.work(portal)
    assert client.get(url, headers=asks).headers["HX-Redirect"] == url
    assert client.post(f"{url}/import", {"seen": "1"}).status_code == 303
    assert "0 / 1" in client.get(url, headers=asks).text
    many.work(portal)
    assert client.get(url, headers=asks).headers["HX-Redirect"] == url


def test_photos_can_be_added_and_each_counts_once(portal: Portal) -> None:
    """O3: more photos, in archives as well; what was sent already is passed over."""
    story.received(portal)
    url = many.uploaded(portal, many.table(many.row(1), many.row(2)), {"1.png": many.photo(1)})
    client = portal.client(portal.clerk)
    files = [
        (io.BytesIO(many.photo(1)), "1.png"),
        (io.BytesIO(many.zipped(**{"2": many.photo(2), "deep/2-2": many.photo(3)})), "all.zip"),
        (io.BytesIO(b"no photo"), "letter.txt"),
        (io.BytesIO(b"PK\x03\x04 broken"), "broken.zip"),
    ]
    assert client.post(f"{url}/photos", {"photos": files}).status_code == 303
    many.work(portal)
    page = client.get(f"{url}?show=total").text
    assert "3 photos were added." in page
    assert "“broken.zip” is damaged." in page
    assert "“letter.txt” is not a photo." in page
    assert "2 old parts can be registered." in page
    assert client.post(f"{url}/photos", {}).status_code == 422


def test_abandoned_upload_and_left_over_photos_are_swept(portal: Portal) -> None:
    """O3: nothing lies about for ever: photos go after a week, their bytes with them."""
    story.received(portal)
    url = many.uploaded(
        portal, many.table(many.row(1)), {"1.png": many.photo(1), "x.png": many.photo(2)}
    )
    many.registered(portal, url)
    many.uploaded(portal, many.table(many.row(2)), {"2.png": many.photo(3)})
    portal.clock.advance(days=8)
    with portal.app.app_context():
        batches.sweep(portal.clock)
        session.remove()
    assert count(portal, BatchPhoto) == 0
    assert count(portal, Attachment, Attachment.document_kind == "oldpartbatch") == 0
    assert count(portal, Attachment, Attachment.document_kind == "oldpart") == 1
    assert many.latest(portal).status == "discarded"


def test_rows_are_too_many_when_above_the_limit(portal: Portal, monkeypatch: Any) -> None:
    """O3: five thousand rows, and a sentence for more; what was stored for it goes again."""
    monkeypatch.setattr(batches, "MOST_ROWS", 1)
    dropped: list[str] = []
    monkeypatch.setattr("portal.oldparts.batch_views.drop", lambda keys, now: dropped.extend(keys))
    sheet = many.table(many.row(1), many.row(2))
    answer = many.send(portal.client(portal.clerk), sheet, {"1.png": many.photo(1)})
    assert answer.status_code == 422
    assert "This table has more than 1 row." in answer.text
    assert len(dropped) == 2
    assert all(storage().exists(key) for key in dropped)
    assert count(portal, OldPartBatch) == 0


def test_photo_is_read_once_when_reading_is_done_again(portal: Portal) -> None:
    """O3: a job that is done twice, or after its batch was discarded, leaves nothing behind."""
    client = portal.client(portal.clerk)
    many.send(client, many.table(many.row(1)), {"1.png": many.photo(1), "2.png": many.photo(2)})
    batch = many.latest(portal)
    with portal.transaction():
        last = session.scalars(select(func.max(BatchPhoto.id))).one()
    payload = {"batch": batch.id, "by": portal.clerk.id, "last": last, "after": 0}
    with portal.app.app_context():
        for _again in range(2):
            batch_photos.read_photos(payload, portal.clock)
        session.remove()
    assert count(portal, Attachment) == 2
    assert count(portal, BatchPhoto, BatchPhoto.raw_key == "") == 2
