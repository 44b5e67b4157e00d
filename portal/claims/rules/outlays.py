"""The rules that look at what only a receipt proves: freight, and what a customer was paid."""

from collections.abc import Iterable

from sqlalchemy import or_

from portal.advances.models import Advance
from portal.claims.models import ClaimLine
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values
from portal.collections.models import Consignment
from portal.core.db import rows
from portal.core.i18n import _, _l
from portal.web import filters

# --- Freight --------------------------------------------------------------------------------


def _freight(lines: Lines, values: Values) -> Iterable[Found]:
    """More than a limit is claimed, or the consignment has not arrived."""
    statement = lines.of_freight(ClaimLine.claimed, Consignment.status).where(
        or_(ClaimLine.claimed > values["limit"], Consignment.status != "received")
    )
    for row in rows(statement):
        yield Found(row.id, {"claimed": row.claimed, "arrived": row.status == "received"})


def _tell_freight(figures: Figures) -> str:
    told = []
    if figures["claimed"] > figures["limit"]:
        told.append(
            _(
                "The freight of %(claimed)s is above the limit of %(limit)s.",
                claimed=filters.money(figures["claimed"]),
                limit=filters.money(figures["limit"]),
            )
        )
    if not figures["arrived"]:
        told.append(_("The consignment had not arrived when the run was opened."))
    return " ".join(told)


# --- Customer compensation ------------------------------------------------------------------


def _advance(lines: Lines, values: Values) -> Iterable[Found]:
    """More than a limit is claimed: of none, each receipt is looked at."""
    statement = lines.of_advances(ClaimLine.claimed, Advance.approved)
    for row in rows(statement.where(ClaimLine.claimed > values["limit"])):
        yield Found(row.id, {"claimed": row.claimed, "approved": row.approved})


def _tell_advance(figures: Figures) -> str:
    return _(
        "The dealer says that it paid %(claimed)s; at most %(approved)s was approved. Compare the "
        "customer’s receipt.",
        claimed=filters.money(figures["claimed"]),
        approved=filters.money(figures["approved"]),
    )


FREIGHT = Rule("freight", _l("Freight"), _freight, _tell_freight, ("limit",))
ADVANCE = Rule("advance", _l("Customer compensation"), _advance, _tell_advance, ("limit",))
