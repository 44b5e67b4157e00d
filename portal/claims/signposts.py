"""What other pages say of claims, each with the way to them: home, search, an old part."""

from collections.abc import Iterator
from datetime import datetime

from flask import url_for

from portal.claims import eligibility, failed, lapses, policy, queries, run_days
from portal.claims.models import Claim
from portal.claims.workflow import LINE
from portal.core.clock import Month
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.ledger.kinds import KINDS
from portal.oldparts.models import OldPart
from portal.oldparts.payments import tells_payment
from portal.oldparts.way import Stop, tells_way
from portal.web import filters, frame
from portal.web.routes import needs_of


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The claims and runs that wait for somebody."""
    if who.can(policy.WRITE) and who.dealer_id is not None:
        yield from _dealer_tasks(who, who.dealer_id, at)
    if who.can(policy.DECIDE):
        waiting = queries.waiting(who).get("in_review", 0)
        yield frame.Task(_("Claims to decide"), waiting, url_for("claims.index", tab="in_review"))


def _dealer_tasks(who: Actor, dealer_id: int, at: datetime) -> Iterator[frame.Task]:
    month, due = Month.of(at).plus(-1), run_days.next_cutoff(at)
    to_file = eligibility.to_file(dealer_id, month, at)
    label = ngettext(
        "Claim to file for %(month)s: %(num)d piece, %(amount)s",
        "Claim to file for %(month)s: %(num)d pieces, %(amount)s",
        to_file.pieces,
        month=filters.month(str(month)),
        amount=filters.money(to_file.amount),
    )
    yield frame.Task(label, to_file.pieces, url_for("claims.new"), due)
    yield from _lapsing_tasks(dealer_id, month, at)
    drafts, url = queries.waiting(who), url_for("claims.index", tab="draft")
    yield frame.Task(_("Claims returned for correction"), drafts.get("returned", 0), url, due)
    yield frame.Task(_("Draft claims to submit"), drafts.get("draft", 0), url, due)


def _lapsing_tasks(dealer_id: int, month: Month, at: datetime) -> Iterator[frame.Task]:
    if not lapses.is_near(at):
        return
    found, due = eligibility.lapsing(dealer_id, at), lapses.until(at)
    url = url_for("claims.new", month=month)
    label = ngettext(
        "Claim it before it lapses: %(num)d piece, %(amount)s",
        "Claim them before they lapse: %(num)d pieces, %(amount)s",
        found.pieces,
        amount=filters.money(found.amount),
    )
    yield frame.Task(label, found.pieces, url, due)
    label = ngettext(
        "Freight to claim before it lapses: %(num)d consignment",
        "Freight to claim before it lapses: %(num)d consignments",
        found.freight,
    )
    yield frame.Task(label, found.freight, url, due)
    yield frame.Task(_l("Compensations to claim before they lapse"), found.advance, url, due)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Claims by number or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            state = Claim.workflow.state(row.status)
            yield frame.Find(
                _l("Claim"),
                row.number,
                f"{row.dealer_name} · {state.label} · {filters.money(row.claimed)}",
                url_for("claims.show", name=row.public_id),
            )


@tells_payment
def _payment(old_part: OldPart, who: Actor) -> tuple[str, str | None] | None:
    """Whether an old part is claimed or was reimbursed, and where to read more (O9)."""
    row = failed.payment_row(old_part, who)
    if row is None:
        return None
    claim = url_for("claims.show", name=row.public_id) if who.can(policy.READ) else None
    if row.code == "charged_back" and who.can(needs_of("ledger.entry")):
        entry = failed.charged_back(old_part)
        return row.code, url_for("ledger.entry", name=entry.public_id) if entry else claim
    return row.code, claim


@tells_way
def _way(old_part: OldPart, who: Actor) -> dict[str, Stop]:
    """The claim of an old part, and the last entry that followed from it."""
    row = failed.payment_row(old_part, who)
    if row is None:
        return {}
    claim = url_for("claims.show", name=row.public_id) if who.can(policy.READ) else None
    begun = row.submitted_at or row.created_at
    stops = {"claimed": Stop(begun, row.number, claim, row.claimed)}
    if row.decided_at:
        label = LINE.state(row.status).label
        stops["decided"] = Stop(row.decided_at, label, claim, row.approved)
    if row.closed_at:
        paper = url_for("claimpapers.statement", name=row.public_id) if claim else None
        stops["settled"] = Stop(row.closed_at, row.month, paper)
    entry = failed.entry_of(old_part, None if row.code == "refused" else row.id)
    if entry is not None:
        place = url_for("ledger.entry", name=entry.public_id)
        shown = place if who.can(needs_of("ledger.entry")) else None
        stops["booked"] = Stop(entry.at, KINDS[entry.kind], shown)
    return stops
