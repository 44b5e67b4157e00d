"""What all documents share: their columns, and the register of their kinds.

A kind says where its documents are shown and who may see them. With that alone a document gets
its timeline, comments, files, notices and links; the ledger can point at it without knowing it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from typing import Any, ClassVar, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Key, public_id, session
from portal.core.errors import NotFound
from portal.core.permissions import Actor


class Document:
    """The columns of everything that has a status and a history.

    ``version`` counts changes of state: a page names the version that it shows. ``event_count``
    and ``event_hash`` are the head of the document's chain of events (P4).
    """

    kind: ClassVar[str]
    workflow: ClassVar[Any]

    id: Mapped[int] = mapped_column(Key, primary_key=True, sort_order=-2)
    public_id: Mapped[str] = mapped_column(
        String(16), unique=True, default=public_id, sort_order=-1
    )
    status: Mapped[str] = mapped_column(String(20), sort_order=-1)
    version: Mapped[int] = mapped_column(Integer, default=1, sort_order=-1)
    event_count: Mapped[int] = mapped_column(Integer, default=0, sort_order=-1)
    event_hash: Mapped[str] = mapped_column(String(64), default="", sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(sort_order=-1)

    @property
    def title(self) -> str:
        """The number that people know it by; each kind says its own."""
        raise NotImplementedError

    @property
    def tenant_id(self) -> int | None:
        """The dealer whose document it is; None for headquarters' own."""
        return getattr(self, "dealer_id", None)


D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Value:
    """What a value of an event is called for people, and how it is written.

    ``write`` takes the value and the document that it happened to. ``number`` is the column that
    has the value, where it is the number of another document: it leads there. A ``personal`` one
    tells who a customer is: events keep it sealed, and it can be removed from them.
    """

    label: Any
    write: Callable[[Any, Any], Any]
    number: Any = None
    personal: bool = False


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document.

    ``visible`` gives, for an actor, the condition that a row must meet to exist for them (P1).
    ``endpoint`` is the page that shows one, by its ``public_id``. ``takes_comments`` is not for
    documents that several dealers see: what one writes must not reach another (P1). ``inside`` are
    the states in which its dealer does not see it yet: what is said in them stays headquarters'.

    ``words`` say, after a person's name, what the events mean that are no step of the workflow;
    the first one is ``create``; ``tells`` says, by such a name, the capability of who is told of it
    at headquarters. ``alone`` says it of events that the portal itself caused.
    ``values`` are those that its events keep: one that is not among them is not shown.
    """

    model: type[Document]
    label: Any
    endpoint: str
    visible: Callable[[Actor], ColumnElement[bool]]
    takes_comments: bool = True
    inside: Collection[str] = ()
    words: Mapping[str, Any] = field(default_factory=dict)
    tells: Mapping[str, str] = field(default_factory=dict)
    alone: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.model.kind

    @cached_property
    def personal(self) -> frozenset[str]:
        """The values that tell who a customer is."""
        return frozenset(key for key, value in self.values.items() if value.personal)


_kinds: dict[str, DocumentKind] = {}


def register(kind: DocumentKind) -> DocumentKind:
    """Add a kind to the register; a feature does so once, on import."""
    _kinds[kind.name] = kind
    return kind


def kind_named(name: str) -> DocumentKind:
    """The kind of that name; NotFound if there is none."""
    if name not in _kinds:
        raise NotFound()
    return _kinds[name]


def personal_values(kind: str) -> frozenset[str]:
    """The values of a kind's events that tell who a customer is."""
    return _kinds[kind].personal if kind in _kinds else frozenset()


def removed_values(document: Document) -> frozenset[str]:
    """The values that nobody reads any more in the events of a document: its customer's."""
    gone = getattr(document, "anonymised_at", None)
    return personal_values(document.kind) if gone else frozenset()


def kinds() -> list[DocumentKind]:
    """Every registered kind."""
    return list(_kinds.values())


def find(model: type[D], name: str, actor: Actor, *, lock: bool = False) -> D:
    """The document of that public id, if the actor may see it; NotFound otherwise (P1).

    With ``lock`` its row stays locked until the transaction ends: for whoever will change it.
    """
    if "\0" in name:  # no name holds one, and PostgreSQL cannot even be asked for it
        raise NotFound()
    kind = kind_named(model.kind)
    statement = select(model).where(model.public_id == name, kind.visible(actor))
    if lock:
        statement = statement.with_for_update(of=model).execution_options(populate_existing=True)
    document = session.scalars(statement).one_or_none()
    if document is None:
        raise NotFound()
    return document


def relock(document: D, *, key_share: bool = False) -> D:
    """Lock a document's row and read it anew: the first line of a service that changes it.

    With ``key_share`` others may refer to the row meanwhile, as the foreign key of a new one does.
    """
    model: Any = type(document)
    locked: D = session.scalars(_locking(model, key_share), {"key": document.id}).one()
    return locked


@cache
def _locking(model: Any, key_share: bool) -> Select[Any]:
    return (
        select(model)
        .where(model.id == bindparam("key"))
        .with_for_update(of=model, key_share=key_share)
        .execution_options(populate_existing=True)
    )
