"""What rules find on lines of claims, asked as a test wants it."""

from datetime import date
from typing import Any

from sqlalchemy import select, update

from portal.claims import findings
from portal.claims.models import Claim, ClaimFinding, ClaimLine
from portal.claims.rules import RULES
from portal.claims.rules.rule import Lines
from portal.core.db import public_id, session
from portal.oldparts.models import OldPart
from portal.terms.models import PolicyValue
from tests.support import claims as story
from tests.support.portal import Portal


def claimed(portal: Portal, *pieces: dict[str, Any], **common: Any) -> Claim:
    """A submitted claim of the north with a line for each piece, whose columns are given."""
    names = story.pieces(portal, len(pieces))
    change(portal, dict(zip(names, ({**common, **one} for one in pieces), strict=True)))
    return story.submitted(portal)


def change(portal: Portal, columns: dict[str, dict[str, Any]]) -> None:
    """Write columns of old parts, by their public ids."""
    with portal.transaction():
        for name, values in columns.items():
            if values:
                session.execute(update(OldPart).where(OldPart.public_id == name).values(**values))


def looked(portal: Portal, rule: str, **values: int) -> dict[int, str]:
    """What a rule finds on all lines of the north's claims, in English, by their positions.

    Its parameters are as they are in force, but for those that are named; it is ``on``.
    """
    known = RULES[rule]
    changed = {f"rule.{rule}_{name}": value for name, value in values.items() if name != "on"}
    with portal.transaction(), portal.app.test_request_context(headers={"Accept-Language": "en"}):
        lines = Lines(ClaimLine.dealer_id == portal.dealers["north"], portal.now)
        switch = {known.switch.name: values.get("on", 1)}
        found = list(known.found(lines, {**findings.in_force(portal.now), **changed, **switch}))
        assert len({one.line_id for one in found}) == len(found), "once for each line"
        places = dict(session.execute(select(ClaimLine.id, ClaimLine.position)).all())
        return {places[one.line_id]: findings.told(rule, one.figures).sentence for one in found}


def kept(portal: Portal, claim: Claim) -> dict[int, dict[str, dict[str, Any]]]:
    """The figures that are kept with the findings on a claim's lines, by position and rule."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    with portal.transaction():
        for position, rule, figures in session.execute(
            select(ClaimLine.position, ClaimFinding.rule, ClaimFinding.figures)
            .join(ClaimLine, ClaimLine.id == ClaimFinding.line_id)
            .where(ClaimLine.claim_id == claim.id)
        ):
            found.setdefault(position, {})[rule] = figures
    return found


def decree(portal: Portal, name: str, value: int, since: date = date(2026, 1, 1)) -> None:
    """Let a policy value be in force."""
    with portal.transaction():
        session.add(
            PolicyValue(
                public_id=public_id(),
                status="approved",
                created_at=portal.now,
                name=name,
                value=value,
                effective_from=since,
                reason="A test",
            )
        )
