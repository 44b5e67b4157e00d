"""Every workflow, from its own table: state × step × role, and the buttons that pages draw."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import update
from structlog.testing import capture_logs

from portal import create_app
from portal.advances.models import Advance
from portal.banking.models import BankLine
from portal.claims.appeal_models import Appeal
from portal.claims.workflow import LINE
from portal.collections.models import Consignment
from portal.core import documents, workflow
from portal.core.db import session
from portal.core.documents import Document, DocumentKind
from portal.core.errors import Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.core.permissions import DEALER_ROLES, SYSTEM, Actor, Role, declared, roles_with
from portal.core.workflow import Transition, Workflow
from portal.fees.models import FeeSchedule
from portal.people.models import Dealer
from portal.settings import Settings
from tests.functional import world as worlds
from tests.support.portal import Portal

create_app(Settings(secret_key="test"))  # importing the features registers their kinds
KINDS = {kind.name: kind for kind in documents.kinds()}
WORKFLOWS = {name: kind.model.workflow for name, kind in KINDS.items()} | {"claim line": LINE}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_workflow = pytest.mark.parametrize("table", WORKFLOWS.values(), ids=WORKFLOWS)
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@every_workflow
def test_every_state_is_reached_from_the_first(table: Workflow) -> None:
    """The first state of a table is where a document begins."""
    reached = {table.states[0].name}
    for _round in table.states:
        reached |= {step.target for step in table.transitions if reached & set(step.sources)}
    assert reached == {state.name for state in table.states}


@every_workflow
def test_every_step_that_ends_something_says_what_will_happen_before(table: Workflow) -> None:
    """A step that cannot be taken back is not one tap away."""
    for step in table.transitions:
        if step.direct and (step.tone == "danger" or step.name == "withdraw"):
            assert step.asks, f"{step.name} asks nothing"


@every_workflow
def test_every_state_that_goes_on_waits_for_somebody(table: Workflow) -> None:
    """Who has the next step is said, and somebody, or the portal, holds its capability."""
    for state in table.states:
        leaving = [
            step
            for step in table.transitions
            if state.name in step.sources and step.target != state.name
        ]
        corrections = table is LINE and state.name != "open"
        if state.waits_for is not None:
            assert leaving, f"{state.name} waits for somebody who can do nothing"
        elif leaving and not corrections:
            # Where only the portal goes on, at once or by the clock, where a decision can be
            # undone, or where something may turn up, nobody is waited for.
            quiet = ("good", "ended", "bad")
            assert state.tone in quiet, f"{state.name} waits for nobody"
    open_states = [state for state in table.states if state.tone in ("waiting", "active")]
    for state in open_states:
        known = [step for step in table.transitions if state.name in step.sources]
        assert known, f"{state.name} is open, and nothing leads on"


@every_workflow
def test_every_step_names_states_and_capabilities_that_there_are(table: Workflow) -> None:
    """P3: a capability that no feature declares would lock everybody out, silently."""
    names = {state.name for state in table.states}
    for step in table.transitions:
        assert set(step.sources) <= names
        assert step.target in names
        assert step.capability in declared(), step
        assert step.tells is None or step.tells in declared(), step
        if step.tells is not None:
            assert roles_with(step.tells), f"{step.name} tells nobody"
    pairs = [(step.name, source) for step in table.transitions for source in step.sources]
    assert len(pairs) == len(set(pairs)), "a step must have one target from a state"


def _of(kind: DocumentKind, state: str, dealer_id: int) -> Document:
    """A document in a state; it is in no table, only its events would be."""
    facts: dict[str, Any] = {
        "id": 10**6, "public_id": "A" * 16, "status": state, "version": 1, "event_count": 0,
        "event_hash": "", "number": "N-1", "name": "oldpart.photos", "code": "D0001",
        "month": "2026-10", "value": 1,
    }  # fmt: skip
    columns = kind.model.__mapper__.columns.keys()  # type: ignore[attr-defined]
    document = kind.model(**{name: value for name, value in facts.items() if name in columns})
    if "dealer_id" in columns:
        document.dealer_id = dealer_id  # type: ignore[attr-defined]
    if kind.name == "dealer":
        document.id, document.event_count = dealer_id, 10  # it has events of its own
    return document


def _everybody(portal: Portal, document: Document) -> Iterator[tuple[Actor, bool]]:
    """The cast and the portal itself, and whether a document exists for them (P1)."""
    for actor in (*portal.cast.values(), SYSTEM):
        yield actor, not actor.is_dealer or actor.dealer_id == document.tenant_id


def _expected(
    table: Workflow, step: Transition | None, name: str, actor: Actor, exists: bool
) -> type[Refusal] | None:
    """What the table says: None if the step may be taken, or the refusal."""
    if not exists:
        return NotFound
    needs = (step or table.named(name)).capability  # type: ignore[union-attr]
    held = actor.is_system or not actor.roles.isdisjoint(roles_with(needs))
    if not held:
        return Forbidden
    return None if step else WrongState


@sqlite_only
@every_kind
def test_step_is_taken_exactly_when_the_table_has_it_and_the_role_may(
    portal: Portal, kind: DocumentKind
) -> None:
    """P1, P3, P4: state × step × role; a step that is taken moves, counts and is recorded."""
    table: Workflow = kind.model.workflow
    steps = sorted({step.name for step in table.transitions})
    dealer_id = portal.dealers["north"]
    with portal.app.app_context():
        for state in table.states:
            for name in (*steps, "no such step"):
                found = table.find(name, state.name)
                for actor, exists in _everybody(portal, _of(kind, state.name, dealer_id)):
                    document = _of(kind, state.name, dealer_id)
                    if name == "no such step":
                        expected: type[Refusal] | None = WrongState if exists else NotFound
                    else:
                        expected = _expected(table, found, name, actor, exists)
                    _try(document, name, actor, expected, portal)
        session.rollback()


def _try(
    document: Document, name: str, actor: Actor, expected: type[Refusal] | None, portal: Portal
) -> None:
    before, seq = document.status, (document.event_count or 0) + 1
    if expected is not None:
        with pytest.raises(expected):
            workflow.apply(document, name, by=actor, now=portal.now, reason="Because")
        assert (document.status, document.version) == (before, 1)
        return
    step = document.workflow.find(name, before)
    with pytest.raises(Stale):
        workflow.check(document, name, by=actor, seen=2, reason="Because")
    code = next(iter(step.reasons), "")
    if step.needs_reason:
        with pytest.raises(Invalid):
            workflow.check(document, name, by=actor, seen=1, reason=" \n", code=code)
    why = {"reason": "Because", "code": code}
    if step.reasons:
        with pytest.raises(Invalid):
            workflow.check(document, name, by=actor, seen=1, reason="Because", code="made up")
    event = workflow.apply(document, name, by=actor, now=portal.now, seen=1, **why)
    assert (document.status, document.version) == (step.target, 2)
    assert (event.from_status, event.to_status) == (before, step.target)
    assert (event.actor_id, event.reason, event.seq) == (actor.id, "Because", seq)
    session.rollback()


def test_dealers_and_headquarters_decide_on_different_things() -> None:
    """P2: no capability that decides, ships or moves money is held on both sides."""
    shared = {"document:comment", "file:add", "part:read", "user:read", "user:manage",
              "compensation:follow", "user:accept"}  # fmt: skip
    for name, roles in declared().items():
        sides = {role.side for role in roles}
        if name.endswith(":read") or name in shared:
            continue
        assert len(sides) <= 1, f"{name} is held by both sides"
    assert not any(Role.AUDITOR in roles_with(step.capability) for table in WORKFLOWS.values()
                   for step in table.transitions if step.name != "accept"), \
        "the auditor changes nothing, but accepts their own invitation"  # fmt: skip
    assert DEALER_ROLES.isdisjoint(roles_with("ledger:deposit"))


ELSEWHERE = None
"""A step that is taken on another page: by shipping, by receiving, with the run."""
PLACES: dict[str, tuple[str, str, dict[str, str | None]]] = {
    # kind: (thing of the world, page, {step: the end of its address})
    "application": (
        "released",
        "applications.show",
        {
            "submit": "/edit", "quote": "/quote", "correct": "/quote", "remind": ELSEWHERE,
            "confirm": "/confirm", "ship": "/ship",
            "ship_rest": "/ship", "cancel_some": "/cancel-lines", "cancel_rest": "/cancel-lines",
            "cancel_all": "/cancel-lines", "receive": ELSEWHERE,
            "send_again": ELSEWHERE, "refund": ELSEWHERE,
            **{name: f"/steps/{name}" for name in
               ("return", "reject", "requote", "withdraw", "cancel", "release")},
        },
    ),
    "shipment": ("sent", "shipments.show", {"receive": "/receive", "report": "/report"}),
    "deliveryreport": ("reported", "receipts.show", {"settle": "/settle"}),
    "compensation": (
        "compensation",
        "compensations.show",
        {"book": "/book", "excuse": "/excuse"},
    ),
    "oldpart": (
        "registered",
        "oldparts.show",
        {
            "anonymise": ELSEWHERE,  # on the page of customers' data
            **{step: f"/steps/{step}" for step in ("accept", "return", "reject")},
            "correct": "/correct",
            **{step: f"/steps/{step}" for step in ("uphold", "overturn")},
            "pass": "/inspect", "fail": "/inspect", "dispose": ELSEWHERE,
            # Only in time, and once.
            "object": ELSEWHERE,
            # With its consignment.
            **dict.fromkeys(("call", "release", "send", "receive", "miss", "withhold")),
            "allow_scrap": "/steps/allow_scrap", "keep": "/steps/keep", "scrap": "/scrap",
        },
    ),
    "oldpartcharge": (
        "charge",
        "oldpartcharges.show",
        {
            **{step: f"/steps/{step}" for step in ("charge", "waive", "uphold", "reverse")},
            "dispute": "/dispute", "set_aside": ELSEWHERE, "clear": ELSEWHERE,
        },
    ),
    "consignment": (
        "consignment",
        "collections.show",
        {
            "send": "/send", "finish": "/finish", "release": "/steps/release",
            "charge": "/steps/charge", "call": ELSEWHERE, "remind": ELSEWHERE,
            "empty": ELSEWHERE,
        },
    ),
    "oldpartbatch": (
        "batch",
        "oldpartbatches.show",
        {"import": "/import", "discard": "/discard", "finish": ELSEWHERE},
    ),
    "claim": (
        "claim_in_review",
        "claims.show",
        # What was never submitted is discarded; that one begins again where a month is chosen.
        # What no run has taken in is taken back.
        {"submit": "/submit", "return": "/return", "decide": "/decide", "discard": ELSEWHERE,
         "take_back": ELSEWHERE, "allow_appeal": ELSEWHERE, "restart": ELSEWHERE,
         "take_in": ELSEWHERE, "settle": ELSEWHERE},
    ),
    "appeal": (
        "appeal",
        "appeals.show",
        {
            "withdraw": "/steps/withdraw",
            **dict.fromkeys(("grant", "grant_part", "refuse"), "/decide"),
            **dict.fromkeys(("create", "settle", "close", "reopen")),
        },
    ),
    "lapse": ("lapse", "lapses.show", {"create": ELSEWHERE}),
    "advance": (
        "advance",
        "advances.show",
        {
            **{step: f"/steps/{step}" for step in ("withdraw", "return", "reject")},
            "approve": "/approve", "correct": "/correct", "create": ELSEWHERE,
            "anonymise": ELSEWHERE,
        },
    ),
    # It is closed once every claim is decided, which these are not (R7).
    "run": (
        "run",
        "runs.show",
        {"start": "/start", "propose": ELSEWHERE, "resume": "/resume", "close": ELSEWHERE},
    ),
    "user": (
        "user",
        "people.user",
        {
            **{name: f"/steps/{name}" for name in
               ("deactivate", "activate", "invite_again", "withdraw")},
            "renew": ELSEWHERE,  # drawn where mail is sent
            "accept": ELSEWHERE,  # on the page that the link leads to
            "take_factor": ELSEWHERE,  # drawn where there is one
        },
    ),
    "dealer": (
        "dealer",
        "dealers.show",
        {"freeze": "/steps/freeze", "unfreeze": "/steps/unfreeze"},
    ),
    # A deposit is reversed on the page of its entry.
    "account": (
        "account",
        "ledger.dealer_account",
        {"deposit": ELSEWHERE, "reverse": ELSEWHERE, "set_limit": "/credit-limit"},
    ),
    "part": (
        "part",
        "catalogue.show",
        {"withdraw": "/steps/withdraw", "restore": "/steps/restore"},
    ),
    # Its forms are on its one page, below a list of what can be taken back.
    "calendar": ("calendar", "calendar.index", {"declare": ELSEWHERE, "clear": ELSEWHERE}),
    # Only who proposed it withdraws a change (P2); a list with an error cannot be imported (C3).
    "policy": (
        "change",
        "terms.change",
        {"approve": "/approve", "decline": "/decline", "withdraw": ELSEWHERE},
    ),
    "pricelist": (
        "price_list",
        "pricelists.detail",
        {"discard": "/discard", "import": ELSEWHERE},
    ),
    "model": (
        "model",
        "products.show",
        {"withdraw": "/steps/withdraw", "restore": "/steps/restore"},
    ),
    "faultcode": (
        "fault_code",
        "faultcodes.show",
        {"withdraw": "/steps/withdraw", "restore": "/steps/restore"},
    ),
    "serviceitem": (
        "service_item",
        "serviceitems.show",
        {"withdraw": "/steps/withdraw", "restore": "/steps/restore"},
    ),
    "fees": (
        "fees",
        "fees.show",
        {
            "submit": "/submit",
            **{step: f"/steps/{step}" for step in ("approve", "return", "reject", "withdraw")},
            "revoke": ELSEWHERE,  # before it is in force
        },
    ),
    "bankfile": (
        "bank_file",
        "bankfiles.show",
        {"import": "/import", "discard": "/discard", "finish": ELSEWHERE},
    ),
    # Its deposit is reversed on the page of the entry.
    "bankline": (
        "bank_line",
        "bank.show",
        {
            "book": "/book", "release": ELSEWHERE,
            **{step: f"/steps/{step}" for step in ("set_aside", "reopen")},
        },
    ),
    # Who asked for it does not decide on it; a penalty is booked once its time is over (L8, F3).
    "invoice": (
        "invoice_flagged",
        "invoices.show",
        {
            "accept": "/steps/accept", "void": "/steps/void", "penalize": "/penalty",
            "create": ELSEWHERE, "flag": ELSEWHERE, "reopen": ELSEWHERE, "anonymise": ELSEWHERE,
            # The dealer's clerk recorded it.
            "strike": ELSEWHERE,
        },
    ),
    "correction": (
        "penalty",
        "corrections.show",
        {
            "drop": "/steps/drop",
            "answer": "/answer",
            **dict.fromkeys(
                ("create", "announce", "book", "decline", "withdraw", "reverse"), ELSEWHERE
            ),
        },
    ),
    # Its columns are all known, so it can be imported at once.
    "import": ("import", "imports.detail", {"discard": "/discard", "import": "/import"}),
}  # fmt: skip


def _drawn(page: str, address: str) -> set[str]:
    """The ends of the addresses below a document's own that its page leads or sends to."""
    return set(re.findall(rf'(?:href|action)="{re.escape(address)}(/[^"?#]+)', html.unescape(page)))


@sqlite_only
def test_page_draws_exactly_the_steps_that_its_reader_may_take(portal: Portal) -> None:
    """The buttons of every kind of document, in every state, for every role."""
    assert set(PLACES) == set(KINDS), "a kind of document needs its page here"
    world = worlds.build(portal)
    with portal.transaction():  # only then what was not sent can be charged
        session.execute(update(Consignment).values(due_at=portal.now - timedelta(seconds=1)))
        session.execute(update(Appeal).values(amount=1))  # without it none can be granted
        session.execute(update(FeeSchedule).values(in_force_from=portal.now.date()))
        session.execute(update(Advance).values(approved=1))  # nor approved
        session.execute(update(BankLine).values(payer_id=portal.dealers["north"]))
    portal.app.testing = False
    people = {name: actor for name, actor in portal.cast.items() if not name.startswith("other_")}
    clients = {name: portal.client(actor) for name, actor in people.items()}
    wrong = []
    with capture_logs():
        for name, (thing, endpoint, ends) in PLACES.items():
            public_id, kind = world.things[thing][0].name, KINDS[name]
            with portal.app.test_request_context():
                address = url_for(endpoint, name=public_id)
            for state in kind.model.workflow.states:
                with portal.transaction():
                    session.execute(
                        update(kind.model)
                        .where(kind.model.public_id == public_id)
                        .values(status=state.name)
                    )
                for who, actor in people.items():
                    steps = kind.model.workflow.available(state.name, actor)
                    expected = {ends[step.name] for step in steps} - {ELSEWHERE}
                    answer = clients[who].get(address)
                    if answer.status_code in (403, 404) and not expected:
                        continue
                    drawn = _drawn(answer.text, address) & set(ends.values())
                    if answer.status_code != 200 or drawn != expected:
                        wrong.append(
                            f"{name} {state.name} for {who}: {answer.status_code}, "
                            f"draws {sorted(drawn)}, not {sorted(expected)}"  # type: ignore[type-var]
                        )
            if name == "dealer":  # a frozen one's people have fewer buttons everywhere
                with portal.transaction():
                    session.execute(update(Dealer).values(status="active"))
    assert not wrong, "\n".join(wrong)
