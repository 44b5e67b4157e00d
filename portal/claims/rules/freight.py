"""The rule that looks at the freight of a consignment: how much it is, and whether it arrived."""

from collections.abc import Iterable

from sqlalchemy import or_

from portal.claims.models import ClaimLine
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values
from portal.collections.models import Consignment
from portal.core.db import rows
from portal.core.i18n import _, _l
from portal.web import filters


def _freight(lines: Lines, values: Values) -> Iterable[Found]:
    """More than a limit is claimed, or the consignment has not arrived."""
    statement = lines.of_freight(ClaimLine.claimed, Consignment.status).where(
        or_(ClaimLine.claimed > values["limit"], Consignment.status != "received")
    )
    for row in rows(statement):
        yield Found(row.id, {"claimed": row.claimed, "arrived": row.status == "received"})


def _tell(figures: Figures) -> str:
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


FREIGHT = Rule("freight", _l("Freight"), _freight, _tell, ("limit",))
