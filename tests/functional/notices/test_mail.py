"""Notices by e-mail: who is written to, when, in which words, and what a letter gives away."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from portal.applications.models import Application
from portal.core import jobs
from portal.core.db import session
from portal.core.events import Event
from portal.core.jobs import Job
from portal.notices.letters import LANE, MOST
from portal.notices.models import Notice
from portal.operations import books
from portal.people.models import User
from portal.web import languages
from portal.web.mail import Letter, SmtpServer, plain
from tests.functional.notices.test_inbox import comment
from tests.functional.test_naughty import FOLDER, LINE, TEXT, packed
from tests.support import story
from tests.support.portal import HQ, START, Portal
from tests.support.queries import counted
from tests.support.sink import PUBLIC, Sink, parts, sink

with_strings = pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")


@pytest.fixture
def post(portal: Portal) -> Iterator[Sink]:
    """A mail server that takes the portal's letters."""
    with sink() as made:
        made.attach(portal)
        yield made


def work(portal: Portal) -> int:
    """A round of a worker: its timers, then the jobs of mail; returns how many were done."""
    with portal.app.app_context():
        jobs.ring(portal.clock)
        return jobs.drain(portal.clock, lane=LANE)


def wants(portal: Portal, who: str, mail: str, language: str | None = None) -> None:
    """Set when one of the cast gets mail, as their account page does."""
    more = {"language": language} if language else {}
    answer = portal.client(portal.cast[who]).post("/preferences", {"mail": mail, **more})
    assert answer.status_code == 303


# At once, daily, never


def test_letter_says_who_did_what_and_leads_there_when_something_concerns_me(
    portal: Portal, post: Sink
) -> None:
    """The document's number, the timeline's words and figures, and a link; nothing else."""
    application = story.quoted(portal)
    assert work(portal) == 2
    (mail,) = post.to("manager")
    assert mail["Subject"] == f"{application.number}: Desk sent a quote"
    assert mail["From"] == "Partloop <parts@example.com>"
    assert mail["To"] == "Manager <manager@example.com>"
    assert mail["Date"].datetime == portal.now
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{PUBLIC}/profile#mail>"
    text, html = parts(mail)
    link = f"{PUBLIC}/applications/{application.public_id}"
    for said in ("Hello, Manager", "Desk sent a quote", "CN¥40.00", link, f"{PUBLIC}/profile#mail"):
        assert said in text
        assert said in unescape(html)
    for outside in ("src=", "<img", "<link", "<script", "url(", "@import"):
        assert outside not in html
    assert {address.split("/")[2] for address in html.split('"') if "://" in address} == {
        "parts.example.com"
    }
    assert work(portal) == 0
    assert len(post.mails) == 2


def test_one_letter_tells_all_when_much_happens_at_once(portal: Portal, post: Sink) -> None:
    """Three quotes in a moment are one letter with three links."""
    applications = [story.quoted(portal) for _ in range(3)]
    assert work(portal) == 2
    (mail,) = post.to("manager")
    numbers = [one.number or "" for one in applications]
    assert str(mail["Subject"]).strip() == f"3 notices: {', '.join(numbers)}"
    text, _html = parts(mail)
    assert [text.count(f"/applications/{one.public_id}") for one in applications] == [1, 1, 1]


def test_letter_counts_the_rest_when_there_is_very_much(portal: Portal, post: Sink) -> None:
    """The first fifty are told, the rest is in the inbox."""
    story.quoted(portal)
    with portal.transaction():
        told = session.scalars(select(Notice).where(Notice.user_id == portal.manager.id)).one()
        session.add_all(
            Notice(
                user_id=told.user_id, event_id=told.event_id, title=told.title, mail_at=portal.now
            )
            for _ in range(MOST + 1)
        )
    work(portal)
    (mail,) = post.to("manager")
    text, html = parts(mail)
    assert text.count("sent a quote") == MOST
    assert "2 more notices are in your inbox." in text
    assert "2 more notices are in your inbox." in html


def test_nobody_is_written_to_when_they_never_want_it(portal: Portal, post: Sink) -> None:
    """Off: the inbox has it, the mail does not; also when they say so before it leaves."""
    wants(portal, "manager", "off")
    story.quoted(portal)
    with portal.app.app_context():
        jobs.ring(portal.clock)
    wants(portal, "desk", "off")
    work(portal)
    assert post.mails == []
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Notice)) == 2


@pytest.mark.parametrize(
    ("happens", "leaves"),
    [
        (datetime(2026, 10, 12, 7, 59, 59, tzinfo=HQ), datetime(2026, 10, 12, 8, 0, tzinfo=HQ)),
        (datetime(2026, 10, 12, 8, 0, 0, tzinfo=HQ), datetime(2026, 10, 13, 8, 0, tzinfo=HQ)),
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ), datetime(2026, 11, 1, 8, 0, tzinfo=HQ)),
    ],
)
def test_day_is_told_in_one_letter_when_it_is_eight(
    portal: Portal, post: Sink, happens: datetime, leaves: datetime
) -> None:
    """T1: what happens at eight sharp is in the next day's letter."""
    wants(portal, "manager", "daily")
    portal.clock.at = happens
    for _ in range(2):
        story.quoted(portal)
    portal.clock.at = leaves - timedelta(seconds=1)
    work(portal)
    assert post.to("manager") == []
    portal.clock.at = leaves
    work(portal)
    (mail,) = post.to("manager")
    assert str(mail["Subject"]).strip().startswith("2 notices: PA-2026-D0001-00001")
    portal.clock.at = leaves + timedelta(days=1)
    work(portal)
    assert len(post.to("manager")) == 1


@pytest.mark.parametrize("day", [24, 25])
def test_day_ends_in_the_dealers_own_zone_when_the_clocks_change(
    portal: Portal, post: Sink, day: int
) -> None:
    """T1, T2: eight in Warsaw, before and after the night of 25 October 2026."""
    warsaw = ZoneInfo("Europe/Warsaw")
    wants(portal, "other_manager", "daily")
    portal.clock.at = datetime(2026, 10, day, 7, 59, tzinfo=warsaw).astimezone(HQ)
    story.quoted(portal, by="other_clerk")
    portal.clock.at = datetime(2026, 10, day, 7, 59, 59, tzinfo=warsaw).astimezone(HQ)
    work(portal)
    assert post.to("other_manager") == []
    portal.clock.at = datetime(2026, 10, day, 8, 0, tzinfo=warsaw).astimezone(HQ)
    work(portal)
    assert len(post.to("other_manager")) == 1


def test_late_worker_makes_up_for_it_when_it_slept_at_eight(portal: Portal, post: Sink) -> None:
    """Nothing is lost, and nothing of the new day goes with it."""
    wants(portal, "manager", "daily")
    first = story.quoted(portal)
    portal.clock.at = datetime(2026, 10, 13, 11, 0, tzinfo=HQ)
    second = story.quoted(portal)
    work(portal)
    (mail,) = post.to("manager")
    assert first.number in mail["Subject"]
    assert str(second.number) not in parts(mail)[0]


# Words


@pytest.mark.parametrize(
    ("language", "greeting"),
    [("en", "Hello, Manager"), ("zh-Hans", "您好，Manager"), ("pl", "Dzień dobry, Manager")],
)
def test_letter_speaks_the_readers_language_when_sent(
    portal: Portal, post: Sink, language: str, greeting: str
) -> None:
    """Subject, words, figures and times are the reader's, not the desk's."""
    wants(portal, "manager", "at_once", language)
    application = story.quoted(portal)
    work(portal)
    (mail,) = post.to("manager")
    assert mail["Content-Language"] == language
    assert re.match(rf"{application.number}(: |：)Desk ", str(mail["Subject"]))
    text, html = parts(mail)
    with portal.transaction():
        model = session.get_one(Application, application.id)
        with languages.speaking(language, HQ):
            state = str(model.workflow.state("quoted").label)
            done = str(model.workflow.find("quote", "submitted").done)  # type: ignore[union-attr]
    assert f'<html lang="{language}">' in html
    for words in (greeting, state, f"Desk {done}"):
        assert words in text
        assert words in unescape(html)


def test_no_header_is_added_when_a_name_breaks_the_line(portal: Portal, post: Sink) -> None:
    """Whatever a title or a name holds, it stays in its place, and goes to its reader only."""
    evil = "A\r\nBcc: evil@example.com\r\n\r\n<b>body</b>\u2028Cc: x\x00\x1b[31m \u202egnp"
    clean = evil.replace("\x00", "")
    story.quoted(portal)
    with portal.transaction():
        session.execute(update(Notice).values(title=clean[:200]))
        session.execute(update(User).where(User.id == portal.manager.id).values(name=clean))
    work(portal)
    (mail,) = [one for one in post.mails if "manager@example.com" in str(one["To"])]
    assert post.sent_to == [[*one] for one in (["desk@example.com"], ["manager@example.com"])]
    assert mail["Bcc"] is None
    assert mail["Cc"] is None
    assert len(mail["To"].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "manager@example.com"
    assert str(mail["Subject"]).startswith("A Bcc: evil@example.com <b>body</b> Cc: x")
    assert "\u202e" not in mail["Subject"]
    _text, html = parts(mail)
    assert "<b>body</b>" not in html
    assert "&lt;b&gt;body" in html


@with_strings
def test_comment_arrives_as_it_was_written_when_it_is_naughty(portal: Portal, post: Sink) -> None:
    """Any text in any script comes through, in both parts of one letter."""
    application = story.submitted(portal)
    client = portal.client(portal.clerk)
    for words in packed(TEXT):
        assert comment(client, application, words).status_code == 303
    work(portal)
    (mail,) = post.to("desk")
    text, html = parts(mail)
    with portal.transaction():
        kept = session.scalars(select(Event.reason).where(Event.name == "comment")).all()
    assert kept
    for words in kept:
        for line in filter(None, (line.strip() for line in words.splitlines())):
            assert line in text
            assert line in unescape(html)


@with_strings
def test_header_is_one_line_when_a_name_is_naughty() -> None:
    """A name in a header is a name, and never more."""
    server = SmtpServer.of(Sink(port=1).settings())
    assert server is not None
    for name in packed(LINE):
        letter = Letter("mail/1", name, "m@example.com", "en", name, "text", "<p>", PUBLIC)
        head = server.message(letter, now=START).as_bytes().split(b"\r\n\r\n")[0]
        names = [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
        assert len(names) == len(set(names)) == 11, names
        read = message_from_bytes(head, policy=policy.default)
        assert read["To"].addresses[0].addr_spec == "m@example.com"
        assert "".join(read["Subject"].split()) == "".join(plain(name).split())


@pytest.mark.parametrize(
    ("public", "sender", "shown"),
    [
        ("https://parts.example.com", "", "partloop@parts.example.com"),
        ("https://parts.example.com", "desk@example.org", "desk@example.org"),
        ("http://192.0.2.7:8000", "", "partloop@localhost"),
        ("http://[2001:db8::1]", "desk@example.org", "desk@example.org"),
        ("", "", "partloop@localhost"),
    ],
)
def test_sender_is_the_portals_own_when_none_is_set(public: str, sender: str, shown: str) -> None:
    """A name that mail servers accept, never the number of a machine."""
    settings = Sink(port=1).settings(public_url=public, smtp_sender=sender)
    server = SmtpServer.of(settings)
    assert server is not None
    assert server.sender == shown
    assert re.fullmatch(r"[a-z.]+", server.domain)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("a,b<c>@example.com", '"a,b<c>"@example.com'),
        ("m@żółw.example.pl", "m@xn--w-uga1v8h.example.pl"),
    ],
)
def test_address_stays_one_when_it_is_odd(address: str, written: str) -> None:
    """Whatever the portal takes for an address reaches that mailbox, and no other."""
    server = SmtpServer.of(Sink(port=1).settings())
    assert server is not None
    letter = Letter("mail/1", "M", address, "en", "s", "text", "<p>", PUBLIC)
    assert [one.addr_spec for one in server.message(letter, now=START)["To"].addresses] == [written]


def test_letter_is_given_up_when_its_address_can_be_none() -> None:
    """An address whose domain cannot be written ends that letter, and no other."""
    server = SmtpServer.of(Sink(port=1).settings())
    assert server is not None
    letter = Letter("mail/1", "M", "m@a..b", "en", "s", "text", "<p>", PUBLIC)
    with pytest.raises(jobs.Hopeless, match="m@a"):
        server.message(letter, now=START)


# Who may know


def test_letter_is_not_sent_when_its_reader_left_or_has_read_it(portal: Portal, post: Sink) -> None:
    """P5: who left gets nothing more; what somebody has read they need not be told."""
    story.quoted(portal)
    with portal.app.app_context():
        jobs.ring(portal.clock)
    with portal.transaction():
        session.get_one(User, portal.desk.id).status = "deactivated"
    portal.client(portal.manager).post("/inbox")
    assert work(portal) == 2
    assert post.mails == []


def test_letter_is_silent_when_the_document_is_out_of_sight(portal: Portal, post: Sink) -> None:
    """P1: what one may no longer see is not told, not even that it is there."""
    mine, foreign = story.quoted(portal), story.quoted(portal, by="other_clerk")
    with portal.transaction():
        session.execute(
            update(Notice)
            .where(Notice.user_id == portal.other_manager.id)
            .values(user_id=portal.manager.id)
        )
    work(portal)
    (mail,) = post.to("manager")
    text, html = parts(mail)
    for secret in (foreign.number or "", foreign.public_id):
        assert secret not in text + html + str(mail["Subject"])
    assert mine.number in mail["Subject"]


def test_nothing_is_promised_and_the_page_says_so_when_no_server_is_set_up(portal: Portal) -> None:
    """Without a host no mail waits for a better day; notices are in the inbox all the same."""
    story.quoted(portal)
    assert work(portal) == 0
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Notice)) == 2
        assert session.scalar(select(func.count(Notice.mail_at))) == 0
        mails = Job.kind.not_in(jobs.kinds_in(books.LANE))
        assert session.scalar(select(func.count(Job.id)).where(mails)) == 0
    page = portal.client(portal.manager).get("/profile").text
    assert "This portal sends no e-mail" in page
    assert 'name="mail"' not in page


def test_person_chooses_when_they_are_written_to(portal: Portal, post: Sink) -> None:
    """At once until they say otherwise; nonsense changes nothing."""
    client = portal.client(portal.manager)
    assert 'value="at_once" selected' in " ".join(client.get("/profile").text.split()) or (
        'selected value="at_once"' in client.get("/profile").text
    )
    for sent, kept in (("daily", "daily"), ("hourly", "daily"), ("", "daily"), ("off", "off")):
        assert client.post("/preferences", {"mail": sent}).status_code == 303
        with portal.transaction():
            assert session.get_one(User, portal.manager.id).mail == kept


def test_step_costs_the_same_when_mail_goes_out(portal: Portal) -> None:
    """However many are told, that they are mailed stands in the notices: no statement more."""
    with counted(portal.app) as without:
        story.quoted(portal)
    with sink() as made:
        made.attach(portal)
        with counted(portal.app) as with_mail:
            story.quoted(portal)
    assert len(with_mail) == len(without)
