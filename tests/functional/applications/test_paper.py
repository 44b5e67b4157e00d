"""Applications and shipments on paper, read as a reader of PDF has them (A11, A7)."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from portal.applications import paper, quoting, services
from portal.applications.commands import LineAnswer
from portal.applications.models import Application
from portal.catalogue.models import Part
from portal.core.db import db, session
from portal.core.permissions import Actor
from portal.web import paper as printing
from tests.functional.test_naughty import FOLDER, strings
from tests.support import story
from tests.support.pdf import A4, Paper
from tests.support.portal import Portal

STOCK: dict[str, Any] = {
    "purpose": "stock",
    "product_model": "",
    "serial": "",
    "purchase_date": None,
    "fault": "",
}


def lines(portal: Portal, count: int) -> list[Any]:
    """So many lines with a fault that takes a line of text."""
    return [story.line(portal, fault=f"水箱漏水 no. {number}") for number in range(1, count + 1)]


def printed(portal: Portal, who: Actor, url: str, language: str = "en") -> Paper:
    """What somebody prints."""
    return Paper(portal.client(who).get(url, headers={"Accept-Language": language}))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Parts application", "Released", "FV-100 Fill valve", "Warranty repair", "CN¥25.00",
             "Oct 15, 2026", "Headquarters"],
        ),
        (
            "zh-CN",
            ["售后服务配件申请单", "已放行", "FV-100进水阀", "保内维修", "¥25.00", "2026年10月15日",
             "公司总部"],
        ),
        (
            "pl",
            ["Zamówienie części", "FV-100 Zawór napełniający", "Naprawa gwarancyjna", "25,00 CNY",
             "15 paź 2026", "Centrala"],
        ),
    ],
)  # fmt: skip
def test_application_is_one_page_in_the_readers_language_when_printed(
    portal: Portal, language: str, words: list[str]
) -> None:
    """A11: the form as it was on paper: number and code, who and where, lines, money, who when."""
    made = story.released(portal, story.line(portal), story.line(portal, "TH-300", **STOCK))
    form = printed(portal, portal.clerk, f"/applications/{made.public_id}/paper.pdf", language)
    assert (len(form), form.sizes, form.name) == (1, {A4}, f"{made.number}.pdf")
    assert form.codes == [f"http://localhost/applications/{made.public_id}"]
    facts = [made.number, "D0001·北方卫浴服务有限公司", "王坤", "朝阳路1号,北京", "010-55550101"]
    people = ["Clerk", "Desk", "Manager", "Finance"]
    for word in [*words, *facts, *people, "WC-9 SN-1", "Leaks at the base"]:
        assert "".join(str(word).split()) in form.text, word


def test_twelve_lines_are_on_one_page_and_more_go_on(portal: Portal) -> None:
    """A11: one A4 page; a longer one repeats heading and number, and signatures stay whole."""
    short = story.quoted(portal, *lines(portal, 12))
    assert len(printed(portal, portal.clerk, f"/applications/{short.public_id}/paper.pdf")) == 1
    long = story.quoted(portal, *lines(portal, 30))
    form = printed(portal, portal.desk, f"/applications/{long.public_id}/paper.pdf")
    pages = list(form)
    assert len(pages) == 2
    assert form.sizes == {A4}
    for number, page in enumerate(pages, start=1):
        assert f"Page{number}of2" in page
        assert "Unitprice" in page
        assert str(long.number) in page
    assert "no.1Part" not in form.text
    assert "no.30" in pages[1]
    assert pages[1].count("Signatureandstamp") == 2


def test_answer_stands_beside_what_was_asked_when_it_differs(portal: Portal) -> None:
    """A3, A11: a successor, a smaller quantity, both sides' remarks, and only this version."""
    made = story.submitted(portal, story.line(portal, "FV-100", 4), by="other_clerk")
    with portal.transaction():
        made = session.get_one(Application, made.id)
        old, new = (
            session.scalars(select(Part).where(Part.number == number)).one()
            for number in ("FV-100", "TH-300")
        )
        old.successor_id = new.id
        (line,) = story.answer(portal, made).lines
        answer = LineAnswer(line.line_id, new.id, 3, "Fits the same body")
        quoting.quote(
            made, story.answer(portal, made, lines=(answer,), remark="The rest in January"),
            seen=None, by=portal.desk, now=portal.now,
        )  # fmt: skip
    url = f"/applications/{made.public_id}/paper.pdf"
    text = printed(portal, portal.other_clerk, url).text
    for word in ("→TH-300Thermostaticcartridge", "43CN¥150.00CN¥450.00", "Fitsthesamebody",
                 "TherestinJanuary", "SubmittedOtherClerk", "QuotedDesk"):  # fmt: skip
        assert word in text
    with portal.transaction():
        made = session.get_one(Application, made.id)
        services.step(made, "requote", seen=None, reason="Too dear", by=portal.other_clerk,
                      now=portal.clock.advance(hours=1))  # fmt: skip
    assert "QuotedDesk" in printed(portal, portal.other_clerk, url).text


def test_draft_is_printed_as_typed_and_marked(portal: Portal) -> None:
    """A1, A11: a draft prints with whatever it has, and nobody takes it for an application."""
    draft = story.drafted(portal)
    url = f"/applications/{draft.public_id}/paper.pdf"
    assert len(printed(portal, portal.clerk, url)) == 1
    typed = {"contact": "王坤", "lines-3-part": "FV-1OO", "lines-3-quantity": "a few",
             "lines-3-fault": "漏水", "lines-7-part": "", "remark": "Urgent"}  # fmt: skip
    with portal.transaction():
        draft = session.get_one(Application, draft.id)
        services.save(draft, typed, seen=None, by=portal.clerk, now=portal.now)
    form = printed(portal, portal.clerk, url, "zh-CN")
    assert form.name == "draft.pdf"
    assert form.text.count("草稿") == 2
    for word in ("王坤", "FV-1OO", "afew", "漏水", "Urgent"):
        assert word in form.text


def test_paper_is_not_found_when_it_is_anothers(portal: Portal) -> None:
    """P1: nobody prints what they cannot see; headquarters does not print drafts."""
    shipment, draft = story.shipped(portal), story.drafted(portal)
    with portal.transaction():
        released = session.get_one(Application, shipment.application_id)
    for url, who, status in (
        (f"/applications/{released.public_id}/paper.pdf", "manager", 200),
        (f"/applications/{released.public_id}/paper.pdf", "warehouse", 200),
        (f"/applications/{released.public_id}/paper.pdf", "other_manager", 404),
        (f"/applications/{draft.public_id}/paper.pdf", "other_clerk", 404),
        (f"/applications/{draft.public_id}/paper.pdf", "desk", 404),
        (f"/shipments/{shipment.public_id}/packing-slip.pdf", "clerk", 200),
        (f"/shipments/{shipment.public_id}/packing-slip.pdf", "other_clerk", 404),
        (f"/shipments/{shipment.public_id}/packing-slip.pdf", "administrator", 403),
    ):
        assert portal.client(portal.cast[who]).get(url).status_code == status, (url, who)


def test_paper_is_safe_to_open_and_is_not_kept(portal: Portal) -> None:
    """It opens in the browser, under the same policy as every page, and leaves nothing behind."""
    made = story.submitted(portal)
    answer = portal.client(portal.clerk).get(f"/applications/{made.public_id}/paper.pdf")
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_packing_slip_names_every_piece_and_no_price(portal: Portal) -> None:
    """A7: what lies in the box, where it comes from and goes to; in three languages."""
    made = story.released(portal, story.line(portal), story.line(portal, "TH-300", 5))
    with portal.transaction():
        first, second = story.pieces_left(session.get_one(Application, made.id))
    shipment = story.send(portal, made, {first: 1, second: 4})
    url = f"/shipments/{shipment.public_id}/packing-slip.pdf"
    for language, words in (
        ("en", ["TH-300Thermostaticcartridge4", "Total5", "Headquarters"]),
        ("zh-CN", ["TH-300恒温阀芯4", "合计5", "公司总部"]),
        ("pl", ["TH-300Głowicatermostatyczna4", "Razem5", "Centrala"]),
    ):
        slip = printed(portal, portal.warehouse, url, language)
        assert (len(slip), slip.sizes, slip.name) == (1, {A4}, f"{shipment.number}.pdf")
        assert slip.codes == [f"http://localhost/shipments/{shipment.public_id}"]
        facts = [shipment.number, made.number, "SFExpress", "SF10002000", "朝阳路1号,北京"]
        for word in [*words, *facts]:
            assert str(word) in slip.text, word
        assert not re.search(r"CNY|¥|15000|150[.,]00", slip.text)


def test_database_is_free_while_a_paper_is_printed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: whoever waits for the press keeps nobody from the database."""
    application = story.released(portal)
    shipment = story.send(portal, application)
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
    taken: list[int] = []

    def press(_prepared: printing.Paper) -> bytes:
        taken.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return b""

    monkeypatch.setattr(printing, "_printed", press)
    warehouse = portal.client(portal.warehouse)
    for url in (
        f"/applications/{application.public_id}/paper.pdf",
        f"/shipments/{shipment.public_id}/packing-slip.pdf",
        "/shipments/pick-list.pdf",
        f"/parts/{part.public_id}/label.pdf",
    ):
        assert warehouse.get(url).status_code == 200, url
    assert taken == [0, 0, 0, 0]


def test_pick_list_sums_up_each_part_and_says_for_whom(portal: Portal) -> None:
    """A7: per part all its pieces, and below it the applications with theirs; on further pages."""
    shares = (
        ("PA-2026-D0001-00001", "D0001 北方卫浴", 3),
        ("PA-2026-D0002-00007", "D0002 Łoś", 1200),
    )
    parts = [paper.Picked(f"FV-{number}", "进水阀", shares) for number in range(30)]
    with portal.app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        answer = printing.answer(lambda: paper.pick_list(parts))
    listed = Paper(answer)
    assert len(listed) == 2
    assert "FV-7进水阀" in listed.text
    assert listed.text.count("1,203") == 30
    assert listed.text.count("PA-2026-D0002-00007D0002Łoś1,200") == 30
    assert "FV-29" in list(listed)[1]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_paper_is_printed_when_the_text_is_naughty(portal: Portal) -> None:
    """A11: whatever is typed is printed as text, or as boxes; never run, and never a failure."""
    markup = "#panic() $x$ *b* @ref <l> \\u{0}"
    hostile = [
        markup, "e" + "\u0301" * 999, "क" + "\u094d\u0937" * 499, "a\n" * 500,
        "\u202e\u202da" * 333, "aא中𓀀" * 250, "😀" * 1000, "A" * 1000,
    ]  # fmt: skip
    texts = [*hostile, *strings()]
    draft = story.drafted(portal)
    url = f"/applications/{draft.public_id}/paper.pdf"
    for first in range(0, len(texts), 180):
        typed = {"contact": texts[first], "delivery_address": texts[first], "remark": texts[first]}
        for number, text in enumerate(texts[first : first + 180]):
            typed |= {f"lines-{number}-{name}": text for name in ("part", "serial", "fault")}
        with portal.transaction():
            draft = session.get_one(Application, draft.id)
            services.save(draft, typed, seen=None, by=portal.clerk, now=portal.now)
        text = printed(portal, portal.clerk, url, "pl").text
        if first == 0:
            assert text.count("".join(markup.split())) == 6
            assert "A" * 1000 in text
            assert "a□中□" in text
