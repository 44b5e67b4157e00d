"""The inbox and the comments: who is told of what, and who may say something."""

import io
from html import unescape
from typing import Any

import pytest
from flask_babel import force_locale
from PIL import Image
from sqlalchemy import delete, func, select

from portal.applications.models import Application
from portal.core.db import session
from portal.core.events import Event
from portal.files.models import Attachment
from portal.notices.models import Notice
from portal.people.models import Dealer, User
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted


def unread(portal: Portal, who: str) -> int:
    """What the frame's badge says."""
    page = portal.client(portal.cast[who]).get("/").text
    if 'id="unread">' not in page:
        return 0
    return int(page.split('id="unread">')[1].split("<")[0].rstrip("+"))


def notices(portal: Portal, who: str) -> list[Notice]:
    with portal.transaction():
        return list(
            session.scalars(
                select(Notice).where(Notice.user_id == portal.cast[who].id).order_by(Notice.id)
            )
        )


def comment(client: Client, application: Application, text: str = "Hello", **more: Any) -> Any:
    return client.post(
        f"/comments/application/{application.public_id}",
        {"text": text} | more,
        content_type="multipart/form-data",
    )


# Who is told


def test_those_whom_a_step_concerns_are_told_when_it_is_taken(portal: Portal) -> None:
    """The desk hears of a submission; nobody else does, and least of all who caused it."""
    story.submitted(portal)
    told = {who for who in portal.cast if unread(portal, who)}
    assert told == {"desk"}


def test_dealer_is_told_and_the_other_dealer_is_not_when_a_quote_is_sent(portal: Portal) -> None:
    """P1: a notice goes to the document's dealer only."""
    story.quoted(portal)
    assert unread(portal, "manager") == 1
    assert unread(portal, "other_manager") == 0
    client = portal.client(portal.other_manager)
    foreign, missing = notices(portal, "manager")[0].id, 999_999_999
    for key in (foreign, missing):
        assert client.get(f"/inbox/{key}").status_code == 404
        assert client.post(f"/inbox/{key}").status_code == 404
    assert unread(portal, "manager") == 1


def test_notice_speaks_the_readers_language_when_shown(portal: Portal) -> None:
    """Who did what to which document, in its state, and why: from the event and the workflow."""
    application = story.quoted(portal)
    page = portal.client(portal.manager).get("/inbox").text
    assert "Desk sent a quote" in page
    with portal.transaction():
        assert session.get_one(Application, application.id).title in page
    client = portal.client(portal.manager)
    client.post("/preferences", {"language": "pl"})
    with portal.app.test_request_context(), force_locale("pl"):
        words = str(Application.workflow.find("quote", "submitted").done)  # type: ignore[union-attr]
    assert f"Desk {words}" in unescape(client.get("/inbox").text)


def test_deactivated_person_is_not_told_when_something_happens(portal: Portal) -> None:
    """P5: who left gets nothing any more."""
    with portal.transaction():
        session.get_one(User, portal.desk.id).status = "deactivated"
    story.submitted(portal)
    assert notices(portal, "desk") == []


# Reading


def test_notice_is_read_when_it_is_opened(portal: Portal) -> None:
    """Opening leads to the document and takes the badge away; opening again is harmless."""
    application = story.quoted(portal)
    client, key = portal.client(portal.manager), notices(portal, "manager")[0].id
    target = f"/applications/{application.public_id}"
    assert client.get(f"/inbox/{key}").location == target
    assert unread(portal, "manager") == 1
    for _ in range(2):
        answer = client.post(f"/inbox/{key}")
        assert (answer.status_code, answer.location) == (303, target)
    assert unread(portal, "manager") == 0
    assert "Nothing new" in client.get("/inbox").text
    assert "sent a quote" in client.get("/inbox?tab=all").text
    answer = client.post(f"/inbox/{key}", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == target


def test_all_notices_are_read_when_asked(portal: Portal) -> None:
    """One's own, and nobody else's."""
    for _ in range(3):
        story.quoted(portal)
    assert (unread(portal, "manager"), unread(portal, "desk")) == (3, 3)
    assert portal.client(portal.manager).post("/inbox").status_code == 303
    assert (unread(portal, "manager"), unread(portal, "desk")) == (0, 3)


def test_notice_leads_nowhere_when_the_document_is_out_of_sight(portal: Portal) -> None:
    """P1: a notice opens nothing that its reader may not see."""
    story.quoted(portal)
    key = notices(portal, "manager")[0].id
    with portal.transaction():
        notice = session.get_one(Notice, key)
        notice.user_id = portal.other_manager.id or 0
    assert portal.client(portal.other_manager).get(f"/inbox/{key}").status_code == 404


@pytest.mark.parametrize("wanted", [10, 1000])
def test_inbox_costs_three_queries_when_long_or_short(portal: Portal, wanted: int) -> None:
    """At most three queries; paging reaches every notice once."""
    story.quoted(portal)
    with portal.transaction():
        event = session.scalars(select(Event).where(Event.name == "quote")).one()
        session.execute(delete(Notice))
        session.add_all(
            Notice(user_id=portal.manager.id, event_id=event.id, title=f"PA-{index:05}")
            for index in range(wanted)
        )
    client = portal.client(portal.manager)
    client.get("/inbox")
    seen: list[str] = []
    url = "/inbox?tab=all"
    while url:
        with counted(portal.app) as statements:
            page = client.get(url).text
        assert len(statements) <= 3, statements
        seen += [part[:8] for part in page.split("PA-")[1:]]
        url = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
        url = url.replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == wanted
    assert client.get("/inbox?after=nonsense").status_code == 200
    for odd in (10**23, -(10**23)):
        assert client.get(f"/inbox?after={odd}").status_code == 200
    assert client.get(f"/inbox/{10**23}").status_code == 404


# Comments


def test_other_side_is_told_when_somebody_comments(portal: Portal) -> None:
    """Before anybody there took part, those who were told last; afterwards those who did."""
    application = story.submitted(portal)
    assert comment(portal.client(portal.clerk), application, "Is it urgent?").status_code == 303
    assert [notice.title for notice in notices(portal, "desk")] == [application.number or ""] * 2
    assert comment(portal.client(portal.desk), application, "Not yet").status_code == 303
    assert len(notices(portal, "clerk")) == 1
    assert notices(portal, "manager") == []
    page = portal.client(portal.clerk).get(f"/applications/{application.public_id}").text
    assert "Is it urgent?" in page
    assert "Not yet" in page


def test_comment_changes_nothing_else_when_it_is_written(portal: Portal) -> None:
    """P4: an event of its own; the version stays, so nobody's open page turns stale."""
    application = story.submitted(portal)
    answer = comment(portal.client(portal.clerk), application)
    assert answer.location == f"/applications/{application.public_id}#timeline"
    with portal.transaction():
        now = session.get_one(Application, application.id)
        assert (now.status, now.version) == ("submitted", application.version)
        assert now.event_count == application.event_count + 1


def test_comment_is_refused_when_it_says_nothing(portal: Portal) -> None:
    """422 with the form, and nothing is recorded; too long is refused as well, and kept."""
    application = story.submitted(portal)
    client = portal.client(portal.clerk)
    for text in ("", "  \n ", "\x00"):
        answer = comment(client, application, text)
        assert answer.status_code == 422
        assert 'href="#text"' in answer.text
    answer = comment(client, application, "ż" * 4001)
    assert answer.status_code == 422
    assert "ż" * 4001 in answer.text
    with portal.transaction():
        assert session.get_one(Application, application.id).event_count == application.event_count


def test_comment_finds_nothing_when_the_document_is_foreign_or_missing(portal: Portal) -> None:
    """P1: 404 for both, for an unknown kind too; nothing is written."""
    application = story.submitted(portal)
    stranger = portal.client(portal.other_clerk)
    assert comment(stranger, application).status_code == 404
    for path in ("application/AAAAAAAAAAAAAAAA", "elephant/AAAAAAAAAAAAAAAA"):
        assert stranger.post(f"/comments/{path}", {"text": "x"}).status_code == 404
    assert (
        portal.client(portal.auditor)
        .post(f"/comments/application/{application.public_id}", {"text": "x"})
        .status_code
        == 403
    )
    with portal.transaction():
        assert session.get_one(Application, application.id).event_count == application.event_count


def picture() -> io.BytesIO:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "PNG")
    content.seek(0)
    return content


def test_file_is_on_the_timeline_when_it_came_with_a_comment(portal: Portal) -> None:
    """It belongs to the document from then on: the other side opens it, strangers do not."""
    application = story.submitted(portal)
    client = portal.client(portal.clerk)
    answer = comment(client, application, "See", files=(picture(), "pipe.png"))
    assert answer.status_code == 303, answer.text
    page = portal.client(portal.desk).get(f"/applications/{application.public_id}").text
    assert "pipe.png" in page
    with portal.transaction():
        name = session.scalars(select(Attachment.public_id)).one()
    assert f"/files/{name}" in page
    with portal.client(portal.desk).get(f"/files/{name}") as answer:
        assert answer.status_code == 200
    assert portal.client(portal.other_clerk).get(f"/files/{name}").status_code == 404


def test_words_are_kept_when_the_file_is_refused(portal: Portal) -> None:
    """A file that lies about its kind: its sentence, and the words stay typed."""
    application = story.submitted(portal)
    liar = (io.BytesIO(b"<script>alert(1)</script>"), "pipe.png")
    answer = comment(portal.client(portal.clerk), application, "See the pipe", files=liar)
    assert answer.status_code == 422
    assert "See the pipe" in answer.text
    assert "pipe.png" in answer.text
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(Attachment)).one() == 0
        assert session.get_one(Application, application.id).event_count == application.event_count


def test_dealers_people_talk_on_their_own_page_when_they_like(portal: Portal) -> None:
    """Any kind of document takes comments: here the dealer itself."""
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
    url = f"/comments/dealer/{dealer.public_id}"
    assert portal.client(portal.clerk).post(url, {"text": "We moved"}).status_code == 303
    assert portal.client(portal.other_clerk).post(url, {"text": "x"}).status_code == 404
    page = portal.client(portal.desk).get(f"/dealers/{dealer.public_id}").text
    assert "We moved" in page


def test_comment_refused_and_kept_when_it_is_too_long(portal: Portal) -> None:
    """A comment is never cut: the refusal keeps every character, and so does the browser."""
    application = story.submitted(portal)
    long = "x" * 4001
    answer = comment(portal.client(portal.clerk), application, long)
    assert answer.status_code == 422
    assert f">{long}</textarea>" in answer.text.replace(">\n", ">").replace(">\r\n", ">")
    assert "At most 4000 characters, please." in answer.text
    assert "maxlength" not in answer.text
