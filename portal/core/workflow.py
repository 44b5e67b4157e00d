"""Workflows: a table of transitions for each kind of document, and the only writer of status.

The same table draws the buttons, refuses in the service, and spans the tests' matrix of
state × action × role.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from portal.core.documents import Document
from portal.core.errors import Invalid, NotFound, Stale, WrongState
from portal.core.events import Event, record, record_many
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.core.personal import ANONYMISE

CODE = "code"
"""The value of an event that is its reason's code."""

Tone = Literal["neutral", "waiting", "active", "good", "bad", "ended"]


@dataclass(frozen=True)
class State:
    """A state of a document; ``waits_for`` names who has the next step, if anybody."""

    name: str
    label: Any
    tone: Tone = "neutral"
    waits_for: Any = None


@dataclass(frozen=True)
class Transition:
    """A step from one of some states to another.

    ``label`` is the button, ``done`` the timeline's words. ``tells`` is the capability of those
    whom the step concerns. ``direct`` steps need nothing but a press and perhaps a reason: the
    document page draws them as buttons; the others have a form of their own. ``asks`` says what
    will happen: the page shows it, with a button that does it, before a direct step is taken.
    ``told`` says afterwards what it did, and what happens next. ``reasons`` are the codes and
    words to choose a reason from, beside the one in words.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    capability: str
    label: Any
    done: Any
    needs_reason: bool = False
    tells: str | None = None
    direct: bool = False
    tone: Literal["primary", "plain", "danger"] = "plain"
    asks: Any = ""
    told: Any = ""
    reasons: Mapping[str, Any] = field(default_factory=dict)


def anonymise_in(states: Iterable[str]) -> Iterator[Transition]:
    """The step that removes a customer's personal data, from each state that something ends in."""
    for state in states:
        yield Transition(
            ANONYMISE,
            (state,),
            state,
            "customer:anonymise",
            _l("Remove customer data"),
            _l("removed the customer’s personal data"),
            tone="danger",
        )


@dataclass(frozen=True)
class Workflow:
    """The states and transitions of one kind of document."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    _states: dict[str, State] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_states", {state.name: state for state in self.states})

    def state(self, name: str) -> State:
        """The state of that name; KeyError if the table has none."""
        return self._states[name]

    def find(self, name: str, status: str) -> Transition | None:
        """The transition of that name from a state, if there is one."""
        for transition in self.transitions:
            if transition.name == name and status in transition.sources:
                return transition
        return None

    def named(self, name: str) -> Transition | None:
        """The first transition of that name, from whatever state."""
        return next((step for step in self.transitions if step.name == name), None)

    def available(self, status: str, actor: Actor) -> list[Transition]:
        """The steps that a person may take from a state, in the table's order."""
        return [
            step
            for step in self.transitions
            if status in step.sources and not actor.is_system and actor.can(step.capability)
        ]


def check(
    document: Document,
    name: str,
    *,
    by: Actor,
    seen: int | None = None,
    reason: str = "",
    code: str = "",
) -> Transition:
    """The transition that may now be taken, or the refusal that says why it may not.

    NotFound for a foreign dealer's document, Forbidden without the capability, Stale if ``seen``
    is not the document's version, WrongState if the table has no such step from here, Invalid if
    a reason is needed and missing, or its ``code`` is none of the table's.
    """
    if by.is_dealer and document.tenant_id != by.dealer_id:
        raise NotFound()
    known = document.workflow.named(name)
    if known is None:
        raise WrongState()
    transition: Transition | None = document.workflow.find(name, document.status)
    by.must((transition or known).capability)
    if seen is not None and seen != document.version:
        raise Stale()
    if transition is None:
        raise WrongState()
    missing = {}
    if transition.reasons and code not in transition.reasons:
        missing["code"] = _("Choose why.")
    if transition.needs_reason and not reason.strip():
        missing["reason"] = _("Please say why: the other side will read it.")
    if missing:
        raise Invalid(fields=missing)
    return transition


def apply(
    document: Document,
    name: str,
    *,
    by: Actor,
    now: datetime,
    seen: int | None = None,
    reason: str = "",
    code: str = "",
    values: dict[str, Any] | None = None,
) -> Event:
    """Take a step: check it, set the status, count the version, record the event (P4).

    The caller holds the lock of the document's row. Raises what ``check`` raises.
    """
    transition = check(document, name, by=by, seen=seen, reason=reason, code=code)
    if transition.reasons:
        values = {**(values or {}), CODE: code}
    before, document.status = document.status, transition.target
    document.version = (document.version or 1) + 1
    return record(document, name, by=by, now=now, from_status=before, reason=reason, values=values)


def apply_many(
    documents: Sequence[Document],
    name: str,
    *,
    by: Actor,
    now: datetime,
    values: Mapping[int, Mapping[str, Any]],
) -> None:
    """Take the same step with many locked documents of one status, in a few statements (P4).

    ``values`` holds, by the document's key, the values used. Raises what ``check`` raises.
    """
    if not documents:
        return
    before = documents[0].status
    for document in documents:
        if document.status != before:
            raise WrongState()
        document.status = check(document, name, by=by).target
        document.version = (document.version or 1) + 1
    record_many(documents, name, by=by, now=now, from_status=before, values=values)


def begin(document: Document, *, by: Actor, now: datetime, **values: Any) -> Event:
    """Record the first event of a document that was just made."""
    return record(document, "create", by=by, now=now, from_status="", values=values)


def begin_many(
    documents: Sequence[Document],
    *,
    by: Actor,
    now: datetime,
    values: Mapping[int, Mapping[str, Any]],
) -> None:
    """Record the first event of each of many documents that were just made."""
    record_many(documents, "create", by=by, now=now, from_status="", values=values)
