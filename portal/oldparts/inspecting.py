"""The inspection of old parts at headquarters, and what a dealer says against it (O8).

What it means for a claim and for the money follows from its events: claims are above old parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.files import services as files
from portal.oldparts import policy
from portal.oldparts.inspection_models import DEALER, PAYERS, Inspection
from portal.oldparts.models import OldPart
from portal.oldparts.workflow import OTHER
from portal.terms.calendar import end_of
from portal.terms.values import value

INSPECTED, OBJECTED = "inspection", "objection"
"""Where the photos of the warehouse, and those of the dealer's objection, belong."""
DECISIONS = ("uphold", "overturn")


@dataclass(frozen=True)
class Finding:
    """What the warehouse found; the code and who pays only where the piece failed."""

    passed: bool
    failure_code: str = ""
    pays: str = ""
    words: str = ""


def inspect(
    old_part: OldPart,
    finding: Finding,
    photo_ids: Sequence[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Let a received piece pass, or fail for a reason (O8).

    Invalid if it failed and there is no reason or photo, or nobody is said to pay.
    """
    # A claim can still refer to it: claims are locked after it.
    old_part = relock(old_part, key_share=True)
    step = "pass" if finding.passed else "fail"
    workflow.check(old_part, step, by=by, seen=seen, code=finding.failure_code)
    inspection = Inspection(old_part_id=old_part.id, inspected_by_id=by.id, inspected_at=now)
    values: dict[str, object] = {}
    if not finding.passed:
        _check(finding, photo_ids)
        days = value("oldpart.object_days", on=now.date())
        inspection.failure_code, inspection.pays = finding.failure_code, finding.pays
        inspection.object_by = end_of(now.date() + timedelta(days=days), now.tzinfo)
        values = {"pays": finding.pays, "object_days": days}
    session.add(inspection)
    if photo_ids:
        files.claim(photo_ids, old_part, place=INSPECTED, by=by)
        values["photos"] = len(set(photo_ids))
    workflow.apply(
        old_part,
        step,
        by=by,
        now=now,
        seen=seen,
        reason=finding.words,
        code=finding.failure_code,
        values=values,
    )


def _check(finding: Finding, photo_ids: Sequence[str]) -> None:
    wrong = {}
    if finding.pays not in PAYERS:
        wrong["pays"] = _("Choose who pays.")
    if finding.failure_code == OTHER and not finding.words.strip():
        wrong["reason"] = _("Please say why: the other side will read it.")
    if not photo_ids:
        wrong["photos"] = _("Choose at least one photo.")
    if wrong:
        raise Invalid(fields=wrong)


def may_object(old_part: OldPart, inspection: Inspection | None, now: datetime) -> bool:
    """Whether the dealer can still object: in time, once, and where it is the one who pays."""
    return (
        old_part.status == "failed"
        and inspection is not None
        and inspection.pays == DEALER
        and inspection.objected_at is None
        and inspection.object_by is not None
        and now <= inspection.object_by
    )


def object_to(
    old_part: OldPart,
    reason: str,
    photo_ids: Sequence[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Say, once and in time, why a piece should not have failed; the desk decides on it.

    Conflict if it is too late, or was done before.
    """
    old_part = relock(old_part)
    workflow.check(old_part, "object", by=by, seen=seen, reason=reason)
    inspection = _inspection(old_part)
    if not may_object(old_part, inspection, now):
        raise Conflict(_("This inspection cannot be objected to any more."))
    inspection.objected_at = now
    files.claim(photo_ids, old_part, place=OBJECTED, by=by)
    values = {"photos": len(set(photo_ids))} if photo_ids else {}
    workflow.apply(old_part, "object", by=by, now=now, seen=seen, reason=reason, values=values)


def _inspection(old_part: OldPart) -> Inspection:
    return session.get_one(Inspection, old_part.id, populate_existing=True)


def decide(
    old_part: OldPart, name: str, *, seen: int | None, reason: str, by: Actor, now: datetime
) -> None:
    """Uphold an inspection, or let the piece pass after all (O8).

    Forbidden for whoever inspected it (P2). A piece that passes can be claimed as from now on.
    """
    old_part = relock(old_part)
    workflow.check(old_part, name, by=by, seen=seen, reason=reason)
    if by.id is not None and _inspection(old_part).inspected_by_id == by.id:
        raise Forbidden(_("You inspected this piece yourself: somebody else decides on it."))
    if name == "overturn":
        old_part.accepted_at = now
    workflow.apply(old_part, name, by=by, now=now, seen=seen, reason=reason)


def dispose_many(
    seen: Mapping[str, int], *, by: Actor, now: datetime
) -> tuple[list[OldPart], list[OldPart]]:
    """Dispose of the passed pieces of these public ids; ``seen`` are the versions looked at.

    Returns what was disposed of, and what had changed meanwhile and stays as it is.
    """
    by.must(policy.INSPECT)
    pieces = session.scalars(
        select(OldPart)
        .where(OldPart.public_id.in_(seen), policy.visible_old_parts(by))
        .order_by(OldPart.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    ready = [one for one in pieces if one.status == "passed" and one.version == seen[one.public_id]]
    workflow.apply_many(ready, "dispose", by=by, now=now, values={})
    return ready, [one for one in pieces if one not in ready]
