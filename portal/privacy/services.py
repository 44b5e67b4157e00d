"""The removing of customers' personal data: when one asks for it, and when its time is over.

Sums, states and chains stay as they are. So do photos and papers, which are evidence, and what
people wrote in their own words.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Invalid, Stale
from portal.core.events import forget_personal
from portal.core.i18n import _
from portal.core.permissions import SYSTEM, Actor
from portal.core.personal import ANONYMISE
from portal.oldparts import batches
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.privacy import policy, queries
from portal.privacy.naming import NAMING, Naming

Picked = Mapping[tuple[str, str], int]
"""The version that was looked at, by a document's kind and its name in URLs."""


def anonymise(picked: Picked, reason: str, *, by: Actor, now: datetime) -> int:
    """Remove a customer's data from documents, all of them or none; returns how many.

    Spreadsheets that registered one of them go as well. Invalid without a reason, or with one that
    names the customer; Stale if a version is another by now; Conflict if something still goes on
    about one of them.
    """
    by.must(policy.ANONYMISE)
    if not picked:
        raise Invalid(_("Tick at least one document."))
    if not reason.strip():
        raise Invalid(_("Please say why."), field="reason")
    found = list(_locked(picked))
    if {(one.kind, one.public_id): one.version for one in found} != dict(picked):
        raise Stale()
    _look_at(reason, found)
    for one in found:
        _check(one, by=by, now=now)
    _forget(found, by=by, now=now, reason=reason)
    pieces = [one.id for one in found if isinstance(one, OldPart)]
    batches.forget_sheets(batches.brought(pieces), now=now)
    return len(found)


def _locked(picked: Picked) -> Iterable[Any]:
    for kind, naming in NAMING.items():
        names = [name for of_kind, name in picked if of_kind == kind]
        yield from session.scalars(
            select(naming.model)
            .where(naming.model.public_id.in_(names))
            .order_by(naming.model.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )


def _look_at(reason: str, documents: Collection[Any]) -> None:
    """Invalid if a reason names the customer: it stays for ever."""
    said = reason.casefold()
    for one in documents:
        if any(word.casefold() in said for word in _said_of(one)):
            raise Invalid(
                _("The reason stays for ever: leave the customer’s name and phone out of it."),
                field="reason",
            )


def _said_of(document: Any) -> list[str]:
    """By what a document names its customer; not by a single sign, which is in everything."""
    said = document.customer_name, getattr(document, "customer_phone", "")
    return [word for word in said if len(word) > 1]


def anonymise_due(naming: Naming, keys: Collection[int], *, years: int, now: datetime) -> None:
    """Remove the customers' data of documents whose time is over, as far as it still is."""
    over = []
    for key in keys:
        document = relock(session.get_one(naming.model, key))
        is_over = document.status in naming.ended and not queries.is_open(naming, key, now)
        if document.anonymised_at is None and is_over:
            over.append(document)
    _forget(over, by=SYSTEM, now=now, values={"keep_years": years})


def _check(document: Any, *, by: Actor, now: datetime) -> None:
    """Conflict, or WrongState, while the customer of a locked document counts."""
    workflow.check(document, ANONYMISE, by=by)
    if document.anonymised_at is not None:
        raise Conflict(_("The customer’s data of %(number)s is removed.", number=document.number))
    if queries.is_open(NAMING[document.kind], document.id, now):
        told = _("%(number)s is not settled yet: the customer still counts.", number=document.title)
        raise Conflict(told)


def _forget(
    documents: Collection[Any],
    *,
    by: Actor,
    now: datetime,
    reason: str = "",
    values: dict[str, Any] | None = None,
) -> None:
    """Empty locked documents and their events of what is personal; each says that it was done (P4).

    The caller has looked that their customers count no more.
    """
    people.forget_views({said for one in documents for said in _said_of(one)})
    for one in documents:
        forget_personal(one)
        NAMING[one.kind].forget(one)
        one.anonymised_at = now
        workflow.apply(one, ANONYMISE, by=by, now=now, reason=reason, values=values)
