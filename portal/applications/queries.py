"""Reads of applications, each within what the actor may see (P1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, select

from portal.applications import policy
from portal.applications.models import (
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
)
from portal.catalogue.models import Part
from portal.core import search
from portal.core.db import AnyRow, AnySelect, Key, rows, session
from portal.core.events import Event
from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, Side
from portal.core.workflow import State
from portal.people.models import Dealer
from portal.web import languages
from portal.web.lists import MOST, Tab, counting, counting_found, tab_of


def _tab(name: str, label: Any, *statuses: str) -> Tab:
    return tab_of(name, label, Application.status, *statuses)


TABS = (
    Tab("all", _l("All")),
    _tab("draft", _l("Drafts"), "draft", "returned"),
    _tab("submitted", _l("To quote"), "submitted"),
    _tab("quoted", _l("To confirm"), "quoted"),
    _tab("confirmed", _l("To release"), "confirmed"),
    _tab("released", _l("To ship"), "released", "part_shipped"),
    _tab("shipped", _l("On the way"), "shipped"),
    _tab("done", _l("Done"), "received", "closed"),
    _tab("ended", _l("Ended"), "rejected", "withdrawn", "expired", "cancelled"),
)
QUEUES = frozenset({"submitted", "quoted", "confirmed", "released"})
"""The tabs that list what waits for somebody: the earliest due first (A10)."""
WAITS_UNTIL = func.coalesce(Application.due_at, Application.created_at)
"""The order of a queue: when the next step is due or, where nothing is, since when it is there."""


IS_PRESENT = and_(
    Quote.application_id == Application.id, Quote.version == Application.quote_version
)
"""The condition that a quote is the one of its application that counts."""
PROMISED = func.coalesce(Application.promised_on, Quote.promised_on)
"""The day that headquarters is held to: that of the confirmation, else the quote's (A9)."""


def tabs_for(actor: Actor) -> tuple[Tab, ...]:
    """The tabs that can have rows for somebody: drafts are the dealer's, and so on."""
    if actor.is_dealer:
        return TABS
    hidden = {"draft"}
    if policy.sees_only_released(actor):
        hidden |= {"submitted", "quoted", "confirmed"}
    return tuple(tab for tab in TABS if tab.name not in hidden)


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of the applications: words, and filters that are on.

    ``begun`` are the first and the last moment at which they were begun; ``late`` those whose
    next step was due before a moment; ``dealer`` is a dealer's code.
    """

    text: str = ""
    dealer: str = ""
    begun: tuple[datetime | None, datetime | None] = (None, None)
    late: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values that its statements leave open; what is not on is left out."""
        own = {
            "dealer_code": self.dealer,
            "begun_from": self.begun[0],
            "begun_to": self.begun[1],
            "late_at": self.late,
        }
        own = {name: value for name, value in own.items() if value}
        return own | search.values(self.text) if self.text else own


class Asked(NamedTuple):
    """A list's statements, and the values that they leave open."""

    rows: AnySelect
    counts: AnySelect
    values: dict[str, Any]


def asked(actor: Actor, wish: Wish) -> Asked:
    """What the list of applications asks, in statements that are made once."""
    return Asked(*_asked(*_shape(actor, wish)), wish.values | {"dealer_id": actor.dealer_id})


def selected(actor: Actor, wish: Wish, tab: Tab, *columns: Any) -> tuple[AnySelect, dict[str, Any]]:
    """Some columns of all that a list shows, newest first, and the values that are left open."""
    statement = (
        select(*columns)
        .select_from(Application)
        .outerjoin(Dealer, Dealer.id == Application.dealer_id)
        .where(*_scope(*_shape(actor, wish), newest=None))
        .where(*(() if tab.where is None else (tab.where,)))
        .order_by(Application.created_at.desc(), Application.id.desc())
    )
    return statement, wish.values | {"dealer_id": actor.dealer_id}


Shape = tuple[Side, frozenset[Role], bool | None, frozenset[str]]
"""Whose list it is, whether its text is found by index (None: there is none), what filters."""


def _shape(actor: Actor, wish: Wish) -> Shape:
    indexed = search.by_index(wish.text, own=actor.is_dealer) if wish.text else None
    return actor.side, actor.roles, indexed, frozenset(wish.values) & frozenset(_FILTERS)


_FILTERS: dict[str, ColumnElement[bool]] = {
    "dealer_code": Application.dealer_id
    == select(Dealer.id).where(Dealer.code == bindparam("dealer_code")).scalar_subquery(),
    "begun_from": Application.created_at
    >= bindparam("begun_from", type_=Application.created_at.type),
    "begun_to": Application.created_at < bindparam("begun_to", type_=Application.created_at.type),
    "late_at": Application.due_at < bindparam("late_at", type_=Application.created_at.type),
}


@lru_cache(256)
def _asked(*shape: Any) -> tuple[AnySelect, AnySelect]:
    """The statements for all of a side with the same roles; whose dealer it is, they leave open.

    So they do with the text of a search and the values of the filters.
    """
    side, roles, indexed, _filters = shape
    scope, tabs = _scope(*shape), tabs_for(Actor(0, "", side, None, roles))
    count = counting if indexed is None else counting_found
    return listed(*scope), count(Application, scope, tabs)


def _scope(
    side: Side,
    roles: frozenset[Role],
    indexed: bool | None,
    filters: frozenset[str],
    newest: int | None = MOST + 1,
) -> list[ColumnElement[bool]]:
    """The conditions of a list; of what a text finds, only the ``newest`` are looked at."""
    whose: Any = bindparam("dealer_id", type_=Key)
    scope = [policy.visible_applications(Actor(0, "", side, whose, roles))]
    if indexed is not None:
        scope.append(search.matching(Application, indexed=indexed, newest=newest))
    return scope + [_FILTERS[name] for name in sorted(filters)]


_BEGUN_WITH = func.coalesce(
    func.nullif(Application.typed["reference"].as_string(), ""),
    Application.typed["lines-0-part"].as_string(),
    "",
)
"""What a draft is known by as long as it has no number: the dealer's own, or the first part."""


def listed(*scope: ColumnElement[bool]) -> AnySelect:
    """The rows of a list of applications, as columns."""
    return (
        select(
            Application.id,
            Application.created_at,
            Application.public_id,
            Application.number,
            Application.status,
            Application.contact,
            Application.line_count,
            Application.total,
            Application.due_at,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            case((Application.number.is_(None), _BEGUN_WITH), else_=Application.reference),
        )
        # Outer, so that no planner begins with the dealers.
        .outerjoin(Dealer, Dealer.id == Application.dealer_id)
        .where(*scope)
    )


def dealer_of(application: Application) -> AnyRow:
    """Code and name of an application's dealer."""
    (dealer,) = rows(_DEALER, {"dealer": application.dealer_id})
    return dealer


_DEALER: AnySelect = select(Dealer.code, Dealer.name).where(Dealer.id == bindparam("dealer"))


def lines_of(application: Application) -> Sequence[AnyRow]:
    """What was asked, line by line, beside what the present quote answers (A4)."""
    which = {
        "application": application.id,
        "revision": application.revision,
        "version": application.quote_version,
    }
    return session.execute(_lines(), which).all()


ASKED, SENT = Part.__table__.alias("asked"), Part.__table__.alias("sent")
BESIDE: tuple[Any, ...] = (
    ApplicationLine,
    ASKED.c.number.label("asked_number"),
    ASKED.c.name.label("asked_name"),
    ASKED.c.name_zh.label("asked_name_zh"),
    ASKED.c.name_pl.label("asked_name_pl"),
    ASKED.c.public_id.label("asked_public_id"),
    ASKED.c.successor_id.label("successor_id"),
    QuoteLine,
    SENT.c.number.label("sent_number"),
    SENT.c.name.label("sent_name"),
    SENT.c.name_zh.label("sent_name_zh"),
    SENT.c.name_pl.label("sent_name_pl"),
)
"""An asked line, its part, the line that answers it, and the part that is sent."""


@cache
def _lines() -> AnySelect:
    return (
        select(*BESIDE)
        .join(ASKED, ASKED.c.id == ApplicationLine.part_id)
        .outerjoin(
            Quote,
            (Quote.application_id == ApplicationLine.application_id)
            & (Quote.version == bindparam("version")),
        )
        .outerjoin(
            QuoteLine,
            (QuoteLine.quote_id == Quote.id)
            & (QuoteLine.application_line_id == ApplicationLine.id),
        )
        .outerjoin(SENT, SENT.c.id == QuoteLine.part_id)
        .where(
            ApplicationLine.application_id == bindparam("application"),
            ApplicationLine.revision == bindparam("revision"),
        )
        .order_by(ApplicationLine.position)
    )


def asked_lines(application: Application) -> dict[int, ApplicationLine]:
    """The lines of an application's present revision, by their keys."""
    statement = select(ApplicationLine).where(
        ApplicationLine.application_id == application.id,
        ApplicationLine.revision == application.revision,
    )
    return {line.id: line for line in session.scalars(statement)}


def part_name(row: Any, prefix: str = "") -> str:
    """A part's name in the reader's language, or its English one, of a row that has them all."""
    own = {"zh-Hans": "name_zh", "pl": "name_pl"}.get(languages.code(), "name")
    return str(getattr(row, prefix + own) or getattr(row, f"{prefix}name"))


def released_on(application: Application, now: datetime) -> date:
    """The day of headquarters on which an application was released; far in the future if not."""
    at = session.scalar(
        select(func.max(Event.at)).where(
            Event.document_kind == application.kind,
            Event.document_id == application.id,
            Event.name == "release",
        )
    )
    return at.astimezone(now.tzinfo).date() if at else date.max


def last_delivery(actor: Actor) -> dict[str, str]:
    """Where the dealer's last application was to be delivered, as its form has it."""
    row = session.execute(
        select(Application.contact, Application.phone, Application.delivery_address)
        .where(Application.dealer_id == actor.dealer_id, Application.number.is_not(None))
        .order_by(Application.created_at.desc(), Application.id.desc())
        .limit(1)
    ).one_or_none()
    return dict(row._mapping) if row else {}


def quotes_of(application: Application) -> Sequence[Quote]:
    """Every version of the quote, the newest first (A4)."""
    return session.scalars(_quotes(), {"application": application.id}).all()


@cache
def _quotes() -> Select[Quote]:
    mine = Quote.application_id == bindparam("application")
    return select(Quote).where(mine).order_by(Quote.version.desc())


Pieces = Callable[[Application, Actor], int]
_to_register: list[Pieces] = []


def tells_pieces_to_register(function: Pieces) -> Pieces:
    """Have a function asked how many arrived pieces await the registration of their old part."""
    _to_register.append(function)
    return function


def pieces_to_register(application: Application, actor: Actor) -> int:
    """How many arrived pieces of an application an actor has to register the old part of (O2)."""
    return sum(function(application, actor) for function in _to_register)


class RegisteredPart(NamedTuple):
    """A registered old part, as its application lists it."""

    number: str
    public_id: str
    part: str
    state: State


OldParts = Callable[[Application, Actor], Sequence[RegisteredPart]]
_old_parts: list[OldParts] = []


def tells_old_parts(function: OldParts) -> OldParts:
    """Have a function asked which old parts the pieces of an application replaced."""
    _old_parts.append(function)
    return function


def old_parts_of(application: Application, actor: Actor) -> list[RegisteredPart]:
    """The old parts that an actor sees of those that an application's pieces replaced (O2)."""
    return [part for function in _old_parts for part in function(application, actor)]


def waiting(actor: Actor, tab: str, now: datetime) -> AnyRow:
    """How many applications of a tab an actor sees, the first deadline, how many are late."""
    where = next(item.where for item in TABS if item.name == tab)
    late = func.count().filter(Application.due_at < now)
    statement = select(
        func.count().label("number"),
        func.min(Application.due_at).label("first"),
        late.label("late"),
    ).where(policy.visible_applications(actor), *(() if where is None else (where,)))
    return session.execute(statement).one()


def expired(now: datetime) -> Sequence[Application]:
    """The quoted applications whose time has passed."""
    return session.scalars(
        select(Application).where(Application.status == "quoted", Application.due_at < now)
    ).all()


def untouched(before: datetime, most: int = 100) -> Sequence[Application]:
    """Drafts that nobody has saved since then, some of them."""
    touched_at = func.coalesce(Application.saved_at, Application.created_at)
    old = (Application.status == "draft", Application.created_at < before, touched_at < before)
    return session.scalars(select(Application).where(*old).limit(most)).all()


def found(actor: Actor, text: str, limit: int = 10) -> Sequence[AnyRow]:
    """The newest applications that match a text."""
    ask = asked(actor, Wish(text))
    return rows(ask.rows.order_by(Application.created_at.desc()).limit(limit), ask.values)
