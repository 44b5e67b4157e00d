"""Who reviews which dealer's claims in a run: given, taken away, shared out evenly (R6)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from portal.claims import policy
from portal.claims.desk import IS_OPEN, is_assigned
from portal.claims.models import Assignment, Claim, ClaimLine, Run
from portal.core.db import AnyRow, session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound, Stale, WrongState
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.people.models import Dealer, User

OPEN = ("open", "reviewing")
"""The states of a run in which its dealers can be given to reviewers."""


def reviewers() -> Sequence[AnyRow]:
    """The active people who may decide claims, by name: ``id``, ``public_id`` and ``name``."""
    people = session.execute(
        select(User.id, User.public_id, User.name, User.roles)
        .where(User.dealer_id.is_(None), User.status == "active")
        .order_by(User.name, User.id)
    ).all()
    return [one for one in people if Actor(one.id, "", "hq", None, one.roles).can(policy.DECIDE)]


def _sharing(run: Run, by: Actor) -> Run:
    by.must(policy.RUN_REVIEW)
    run = relock(run)
    if run.status not in OPEN:
        raise WrongState()
    return run


def _reviewer(name: str) -> AnyRow:
    for one in reviewers():
        if one.public_id == name:
            return one
    raise Invalid(_("Choose a reviewer who is active and may decide claims."), field="reviewer")


def _dealers(run: Run) -> dict[str, AnyRow]:
    """The dealers of a run by their public ids, with who reviews them and what is open."""
    rows = session.execute(
        select(
            Dealer.id,
            Dealer.public_id,
            Dealer.code,
            Assignment.reviewer_id,
            func.count(ClaimLine.id).label("open"),
        )
        .select_from(Claim)
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(Assignment, is_assigned())
        .outerjoin(ClaimLine, (ClaimLine.claim_id == Claim.id) & IS_OPEN)
        .where(Claim.run_id == run.id)
        .group_by(Dealer.id, Assignment.reviewer_id)
        .order_by(Dealer.code)
    )
    return {row.public_id: row for row in rows}


def assign(run: Run, was: Mapping[str, str], reviewer: str, *, by: Actor, now: datetime) -> None:
    """Give some dealers of a run to a reviewer, or to nobody for an empty one.

    ``was`` holds, by the dealers' public ids, whose they were on the page, a public id or nothing.
    Invalid without a dealer, and for somebody who is not active or may not decide; NotFound for a
    dealer that has no claim in the run; Stale if one is another's by now.
    """
    run = _sharing(run, by)
    if not was:
        raise Invalid(_("Tick at least one dealer."))
    to = _reviewer(reviewer) if reviewer else None
    known = _dealers(run)
    if not was.keys() <= known.keys():
        raise NotFound()
    names = dict(
        session.execute(
            select(User.id, User.public_id).where(
                User.id.in_([one.reviewer_id for one in known.values() if one.reviewer_id])
            )
        ).all()
    )
    dealers = [known[name] for name in was]
    for one in dealers:
        if names.get(one.reviewer_id, "") != was[one.public_id]:
            raise Stale()
    _give(run, [one for one in dealers if one.reviewer_id != (to and to.id)], to, by, now)


def share_out(run: Run, among: Collection[str], *, by: Actor, now: datetime) -> int:
    """Give the dealers that are nobody's to some reviewers, evenly by open lines; how many.

    Those with the most lines first, each to who has the fewest so far, what they have already
    counted in. ``among`` are public ids. Invalid without a reviewer, or if each dealer has one.
    """
    run = _sharing(run, by)
    people = [_reviewer(name) for name in among]
    if not people:
        raise Invalid(_("Choose at least one reviewer."), field="among")
    dealers = _dealers(run).values()
    load = {one.id: 0 for one in sorted(people, key=lambda one: (one.name, one.id))}
    for dealer in dealers:
        if dealer.reviewer_id in load:
            load[dealer.reviewer_id] += dealer.open
    free = [one for one in dealers if one.reviewer_id is None]
    if not free:
        raise Invalid(_("Every dealer has a reviewer already."))
    shares: dict[int, list[AnyRow]] = {key: [] for key in load}
    for dealer in sorted(free, key=lambda one: (-one.open, one.code)):
        least = min(load, key=load.__getitem__)
        shares[least].append(dealer)
        load[least] += dealer.open
    for one in people:
        _give(run, shares[one.id], one, by, now)
    return len(free)


def _give(run: Run, dealers: Sequence[AnyRow], to: AnyRow | None, by: Actor, now: datetime) -> None:
    if not dealers:
        return
    session.execute(
        delete(Assignment).where(
            Assignment.run_id == run.id, Assignment.dealer_id.in_([one.id for one in dealers])
        )
    )
    values = {"dealers": ", ".join(sorted(one.code for one in dealers))}
    if to is None:
        record(run, "unassign", by=by, now=now, values=values)
        return
    session.execute(
        insert(Assignment),
        [{"run_id": run.id, "dealer_id": one.id, "reviewer_id": to.id} for one in dealers],
    )
    record(run, "assign", by=by, now=now, values={"reviewer": to.name, **values})
