"""The desk's quote: figures as it is typed, corrections, versions, two at once (A3, A4)."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.applications import quoting, services
from portal.applications.models import Application, Quote, QuoteLine
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.errors import Stale, WrongState
from portal.core.events import Event
from portal.notices.models import Notice
from portal.people.models import User
from tests.functional.applications.test_pages import now_of
from tests.functional.applications.test_services import refused
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted

HTMX = {"HX-Request": "true", "HX-Target": "div#sums"}


def again(application: Application) -> Application:
    """The application as it stands, in the present transaction."""
    return session.get_one(Application, application.id)


def text_of(page: str) -> str:
    """What a page says, in one line."""
    words = html.unescape(re.sub("<[^>]*>", " ", re.sub("<template.*?</template>", "", page)))
    return " ".join(words.split())


def typed(portal: Portal, application: Application, **other: Any) -> dict[str, str]:
    """The form of the quote as it is filled in by itself, and what is typed over it."""
    page = portal.client(portal.desk).get(f"/applications/{application.public_id}/quote").text
    found = dict(re.findall(r'name="([\w-]+)"[^>]*? value="([^"]*)"', page))
    kept = {
        name: value
        for name, value in found.items()
        if name.startswith(("lines-", "seen", "promised_on"))
    }
    kept |= {"lines-0-part": str(portal.parts["FV-100"])}
    return kept | {name.replace("_at_", "-"): str(value) for name, value in other.items()}


def successor(portal: Portal, old: str = "FV-100", new: str = "TH-300") -> None:
    with portal.transaction():
        session.get_one(Part, portal.parts[old]).successor_id = portal.parts[new]


def send(client: Client, application: Application, form: dict[str, str]) -> Any:
    return client.post(f"/applications/{application.public_id}/quote", form)


def test_amounts_and_total_follow_what_is_typed(portal: Portal) -> None:
    """A3: of the chosen part, with the fees; computed by the server, and nothing is sent."""
    successor(portal)
    application = story.submitted(portal, story.line(portal, quantity=5))
    desk, url = portal.client(portal.desk), f"/applications/{application.public_id}/quote/figures"
    form = typed(portal, application, freight="20") | {"lines-0-quantity": "3"}
    answer = desk.post(url, form, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert '<span id="cost-0" hx-swap-oob="true">CN¥12.50</span>' in answer.text
    assert '<span id="amount-0" hx-swap-oob="true">CN¥37.50</span>' in answer.text
    assert "Total CN¥57.50" in text_of(answer.text)
    replaced = desk.post(url, form | {"lines-0-part": str(portal.parts["TH-300"])}, headers=HTMX)
    assert ">CN¥150.00</span>" in replaced.text
    assert "Total CN¥470.00" in text_of(replaced.text)
    whole = desk.post(url, form)
    assert "<html" in whole.text
    assert "hx-swap-oob" not in whole.text
    assert 'value="20"' in whole.text
    assert now_of(portal, application).status == "submitted"


@pytest.mark.parametrize("bad", ["", "many", "-1", "1e9", "½", "2.5"])
def test_figures_are_dashes_when_they_cannot_be_worked_out(portal: Portal, bad: str) -> None:
    """A3: what cannot be read counts nothing, and is no error while one types."""
    application = story.submitted(portal)
    url = f"/applications/{application.public_id}/quote/figures"
    form = typed(portal, application, freight=bad) | {"lines-0-quantity": bad}
    answer = portal.client(portal.desk).post(url, form, headers=HTMX)
    assert answer.status_code == 200
    assert '<span id="amount-0" hx-swap-oob="true">–</span>' in answer.text
    nothing = portal.client(portal.desk).post(url, {}, headers=HTMX)
    assert nothing.status_code == 200
    garbage = {"lines-0-part": "x", "lines-0-line_id": "9" * 30, "lines-7-quantity": "1"}
    assert portal.client(portal.desk).post(url, garbage, headers=HTMX).status_code == 200


def test_quote_page_says_what_the_desk_needs(portal: Portal) -> None:
    """A3, C5: the warranty with its reason, a promise by the calendar, what was quoted before."""
    application = story.quoted(portal, freight=4400)
    manager = portal.client(portal.manager)
    url = f"/applications/{application.public_id}"
    why = {"seen": str(now_of(portal, application).version), "reason": "Too dear"}
    assert manager.post(f"{url}/steps/requote", why).status_code == 303
    page = portal.client(portal.desk).get(f"{url}/quote").text
    assert "Unknown: there is no product model “WC-9”." in text_of(page)
    assert "Quote 1 of" in text_of(page)
    assert "Manager asked for a new quote Too dear" in text_of(page)
    assert "CN¥44.00" in page
    fresh = story.submitted(portal)
    # Monday 12 October: two working days later.
    assert (
        'value="2026-10-14"'
        in portal.client(portal.desk).get(f"/applications/{fresh.public_id}/quote").text
    )


def test_sent_quote_is_corrected_by_the_desk(portal: Portal) -> None:
    """A4: a new version; the dealer is told; what was confirmed of the old one is refused."""
    application = story.quoted(portal)
    desk, manager = portal.client(portal.desk), portal.client(portal.manager)
    url = f"/applications/{application.public_id}"
    seen = str(now_of(portal, application).version)
    form = typed(portal, application, freight="20") | {"lines-0-quantity": "1"}
    page = desk.get(f"{url}/quote").text
    assert "What you send now takes its place" in page
    assert send(desk, application, form).status_code == 303
    kept = now_of(portal, application)
    assert (kept.status, kept.quote_version, kept.total) == ("quoted", 2, 1250 + 2000)
    with portal.transaction():
        told = select(Event.name).join(Notice, Notice.event_id == Event.id)
        mine = told.join(User, User.id == Notice.user_id).where(User.id == portal.manager.id)
        assert "correct" in session.scalars(mine).all()
    stale = manager.post(f"{url}/confirm", {"seen": seen, "quote_version": "1"})
    assert stale.status_code == 409
    assert "CN¥32.50" in stale.text
    assert now_of(portal, application).status == "quoted"
    current = str(now_of(portal, application).version)
    confirm = {"seen": current, "quote_version": "2"}
    assert manager.post(f"{url}/confirm", confirm).status_code == 303


def test_versions_are_kept_and_their_changes_marked_on_both_sides(portal: Portal) -> None:
    """A4: each version can be opened, by dealer and desk, with what it changed in words."""
    successor(portal)
    application = story.quoted(portal)
    desk = portal.client(portal.desk)
    form = typed(portal, application, freight="20", promised_on="2026-10-21") | {
        "lines-0-quantity": "1", "lines-0-part": str(portal.parts["TH-300"]),
        "lines-0-remark": "New",
    }  # fmt: skip
    assert send(desk, application, form).status_code == 303
    url = f"/applications/{application.public_id}"
    for who in ("manager", "desk"):
        client = portal.client(portal.cast[who])
        second = text_of(client.get(f"{url}/quotes/2").text)
        assert "Line 1 · FV-100 · Part to send FV-100 TH-300" in second
        assert "Line 1 · FV-100 · Quantity 2 1" in second
        assert "Freight CN¥12.00 CN¥20.00" in second
        assert "Fewer than asked for: 1 of 2." in second
        assert "Replaced by its successor TH-300." in second
        assert "The quote that counts" in second
        first = text_of(client.get(f"{url}/quotes/1").text)
        assert "Replaced by a newer quote" in first
        assert "Changed since the quote before" not in first
        shown = text_of(client.get(url).text)
        assert "Changed since quote 1" in shown
        assert f'href="{url}/quotes/1"' in client.get(url).text
        assert client.get(f"{url}/quotes/3").status_code == 404
    assert portal.client(portal.other_clerk).get(f"{url}/quotes/1").status_code == 404


def test_old_versions_have_their_lines_when_the_request_was_corrected(portal: Portal) -> None:
    """A4: what was quoted then stays as it was, beside what was asked then."""
    application = story.quoted(portal)
    url = f"/applications/{application.public_id}"
    manager, desk = portal.client(portal.manager), portal.client(portal.desk)
    why = {"reason": "So", "code": "other"}
    for client, step in ((manager, "requote"), (desk, "return")):
        seen = {"seen": str(now_of(portal, application).version)}
        assert client.post(f"{url}/steps/{step}", seen | why).status_code == 303
    with portal.transaction():
        request = story.request(portal, story.line(portal, "TH-300", 1))
        services.submit(again(application), request, seen=None, by=portal.clerk, now=portal.now)
    with portal.transaction():
        answer = story.answer(portal, again(application))
        quoting.quote(again(application), answer, seen=None, by=portal.desk, now=portal.now)
    assert "FV-100" in text_of(manager.get(f"{url}/quotes/1").text)
    second = text_of(manager.get(f"{url}/quotes/2").text)
    assert "TH-300" in second
    assert "Line 1" not in second


@pytest.mark.parametrize(("step", "made"), [("quote", story.submitted), ("correct", story.quoted)])
def test_two_answers_are_one_when_both_saw_the_same(portal: Portal, step: str, made: Any) -> None:
    """A3: the second is refused, whichever way it comes; what is confirmed is not corrected."""
    application = made(portal)
    with portal.transaction():
        answer = story.answer(portal, again(application))
    act: Any = getattr(quoting, step)
    seen = now_of(portal, application).version
    with portal.transaction():
        act(again(application), answer, seen=seen, by=portal.desk, now=portal.now)
    refused(
        portal,
        Stale,
        lambda: act(again(application), answer, seen=seen, by=portal.desk, now=portal.now),
    )
    if step == "quote":
        refused(
            portal,
            WrongState,
            lambda: quoting.quote(
                again(application), answer, seen=None, by=portal.desk, now=portal.now
            ),
        )
    confirmed = story.confirmed(portal)
    refused(
        portal,
        WrongState,
        lambda: quoting.correct(
            again(confirmed), answer, seen=None, by=portal.desk, now=portal.now
        ),
    )


def test_second_of_the_desk_is_shown_the_difference_and_keeps_the_typing(portal: Portal) -> None:
    """A3: who sent what meanwhile, beside one's own; sent again, it takes the other's place."""
    application = story.submitted(portal)
    mine = typed(portal, application, freight="99", remark="Mine") | {"lines-0-quantity": "1"}
    with portal.transaction():
        answer = story.answer(portal, again(application), freight=500)
        quoting.quote(again(application), answer, seen=None, by=portal.desk, now=portal.now)
    desk = portal.client(portal.desk)
    late = send(desk, application, mine)
    assert late.status_code == 409
    shown = text_of(late.text)
    assert "Somebody was faster" in shown
    assert "Desk sent quote 1 while you were typing." in shown
    assert "Line 1 · FV-100 · Quantity 2 1" in shown
    assert "Freight CN¥5.00 CN¥99.00" in shown
    assert "Mine</textarea>" in late.text
    assert 'value="99"' in late.text
    assert now_of(portal, application).quote_version == 1
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', late.text)
    assert seen
    assert send(desk, application, mine | {"seen": seen[1]}).status_code == 303
    assert now_of(portal, application).quote_version == 2


def test_one_wins_when_two_send_at_the_same_second(portal: Portal) -> None:
    """A3: two connections; the other is shown what was sent, with the own typing kept."""
    application = story.submitted(portal)
    form = typed(portal, application)
    desks = [portal.client(portal.desk) for _ in range(2)]
    start = Barrier(len(desks))

    def press(number: int) -> Any:
        start.wait(60)
        try:
            return send(desks[number], application, form | {"freight": str(10 + number)})
        finally:
            with portal.app.app_context():
                session.remove()

    with ThreadPoolExecutor(len(desks)) as people:
        answers = list(people.map(press, range(len(desks))))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (loser,) = (number for number, answer in enumerate(answers) if answer.status_code == 409)
    shown = text_of(answers[loser].text)
    assert f"Freight CN¥{11 - loser}.00 CN¥{10 + loser}.00" in shown
    kept = now_of(portal, application)
    assert (kept.quote_version, kept.total) == (1, 2500 + 100 * (11 - loser))


def test_answer_of_a_stale_page_is_refused_when_the_quote_is_confirmed(portal: Portal) -> None:
    """A4: what both have confirmed cannot be corrected; what was typed is kept."""
    application = story.quoted(portal)
    form = typed(portal, application, remark="Mine")
    with portal.transaction():
        quoting.confirm(
            again(application), quote_version=1, seen=None, by=portal.manager, now=portal.now
        )
    late = send(portal.client(portal.desk), application, form)
    assert late.status_code == 409
    assert "Mine</textarea>" in late.text
    assert now_of(portal, application).status == "confirmed"


def test_desk_goes_on_to_the_next_in_the_queue(portal: Portal) -> None:
    """A10: from one to the next by when it is due, until none is left; sent twice is once."""
    first, second = story.submitted(portal), story.submitted(portal)
    desk = portal.client(portal.desk)
    assert (
        desk.get("/applications/next-to-quote").location == f"/applications/{first.public_id}/quote"
    )
    form = typed(portal, first) | {"do": "next", "press": "k" * 16}
    for _time in range(2):
        answer = send(desk, first, form)
        assert (answer.status_code, answer.location) == (
            303,
            f"/applications/{second.public_id}/quote",
        )
    assert (
        f"The quote for {now_of(portal, first).number} is sent." in desk.get(answer.location).text
    )
    answer = send(desk, second, typed(portal, second) | {"do": "next"})
    assert answer.location == "/applications?tab=submitted"
    assert "No application waits for a quote any more." in desk.get(answer.location).text
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Quote)) == 2
        assert session.scalar(select(func.count()).select_from(QuoteLine)) == 2


def test_skipped_application_comes_after_the_others(portal: Portal) -> None:
    """A10: the next one is behind, and after the last comes the first that was skipped."""
    one, two, three = (story.submitted(portal) for _ in range(3))
    desk = portal.client(portal.desk)
    for here, there in ((one, two), (two, three), (three, one)):
        page = desk.get(f"/applications/{here.public_id}/quote").text
        assert f'href="/applications/{there.public_id}/quote">' in page


def test_page_costs_the_same_queries_whatever_its_lines(portal: Portal) -> None:
    """The page of the quote asks once for all its lines."""
    desk = portal.client(portal.desk)
    costs = []
    for count in (1, 30):
        application = story.submitted(portal, *(story.line(portal) for _ in range(count)))
        with counted(portal.app) as statements:
            assert desk.get(f"/applications/{application.public_id}/quote").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_quote_is_refused_when_a_part_is_none_of_the_line(portal: Portal) -> None:
    """A3: only a successor replaces a part; in a correction too."""
    application = story.quoted(portal)
    form = typed(portal, application) | {"lines-0-part": str(portal.parts["FP-200"])}
    answer = send(portal.client(portal.desk), application, form)
    assert answer.status_code == 422
    assert "Only a successor can replace the part." in answer.text
    assert now_of(portal, application).quote_version == 1


def test_successor_is_named_in_the_readers_language(portal: Portal) -> None:
    """A3, C1: the parts to choose from are named as the reader reads them, and in full."""
    with portal.transaction():
        session.get_one(Part, portal.parts["TH-300"]).name_pl = "Przelotka ceramiczna"
    successor(portal)
    application = story.submitted(portal)
    desk = portal.client(portal.desk)
    desk.post("/preferences", {"language": "pl"})
    page = desk.get(f"/applications/{application.public_id}/quote").text
    assert page.count("TH-300 · Przelotka ceramiczna") == 2
