"""Every write of a correction: proposed or announced, answered, booked, reversed (L8, F3)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import Actor
from portal.corrections import policy
from portal.corrections.commands import Proposal
from portal.corrections.models import PENALTY, Correction
from portal.files import services as files
from portal.ledger import services as ledger
from portal.ledger.models import ADJUSTMENTS, DEALER, PENALTIES
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value

LETTERS = {"adjustment": "AJ", "penalty": "PN"}
EVIDENCE, ANSWER = "evidence", "answer"
"""The places of the files of each side."""


def propose(asked: Proposal, *, by: Actor, now: datetime) -> Correction:
    """Ask for an adjustment, or announce a penalty to the dealer, who may answer (L8, F3).

    Invalid, at its field, without an amount, a reason or evidence.
    """
    by.must(policy.PROPOSE)
    wrong = {}
    if not asked.amount:
        wrong["amount"] = _("An amount must be above zero.")
    if not asked.reason.strip():
        wrong["reason"] = _("Please say why: the other side will read it.")
    if not asked.files and not asked.about:
        wrong["files"] = _("Attach the evidence: a file or a photo.")
    if wrong:
        raise Invalid(fields=wrong)
    is_penalty = asked.sort == PENALTY
    days = value("penalty.answer_days", now.date())
    dealer = session.get_one(Dealer, asked.dealer_id)
    made = Correction(
        status="proposed",
        created_at=now,
        dealer_id=dealer.id,
        number=next_number(LETTERS[asked.sort], dealer.code, now),
        sort=asked.sort,
        amount=-abs(asked.amount) if is_penalty else asked.amount,
        reason=asked.reason.strip(),
        made_by_id=by.id,
        answer_by=end_of(now.date() + timedelta(days=days), now.tzinfo) if is_penalty else None,
    )
    session.add(made)
    session.flush()
    count = files.claim(asked.files, made, place=EVIDENCE, by=by)
    values = {"amount": made.amount, "attached": count, "about": asked.about}
    workflow.begin(made, by=by, now=now, **{name: one for name, one in values.items() if one})
    if is_penalty:
        workflow.apply(made, "announce", by=by, now=now, values={"answer_days": days})
    return made


def answer(
    correction: Correction,
    words: str,
    file_ids: Collection[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """What a dealer says to a penalty before it is booked (F3); once.

    Conflict when the time is over; Invalid without words.
    """
    correction = relock(correction)
    workflow.check(correction, "answer", by=by, seen=seen, reason=words)
    if correction.answer_by is not None and correction.answer_by < now:
        raise Conflict(_("The time to answer is over."))
    correction.answer = words.strip()
    count = files.claim(file_ids, correction, place=ANSWER, by=by)
    values = {"attached": count} if count else None
    workflow.apply(correction, "answer", by=by, now=now, reason=words, values=values)


def why_not(correction: Correction, step: str, by: Actor, now: datetime) -> str | None:
    """Why somebody may not take a step that the table allows, in a sentence; None if they may.

    Who made it does not decide on it, and nobody else withdraws it (P2, L8). A penalty is booked
    once it is answered, or the time for that is over (F3).
    """
    is_own = by.id == correction.made_by_id
    if step in ("book", "decline", "reverse") and is_own:
        return str(_("You asked for it yourself: another one of finance decides."))
    if step == "withdraw" and not is_own:
        return str(_("Only who asked for it can withdraw it."))
    until = correction.answer_by if correction.status == "announced" else None
    if step == "book" and until is not None and until >= now:
        return str(_("The dealer may still answer. It can be booked when the time is over."))
    return None


def act(
    correction: Correction,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Book a correction, decline, drop, withdraw or reverse it (L3, L8).

    Forbidden as ``why_not`` says; Stale, WrongState, Invalid without a reason that is
    needed.
    """
    correction = relock(correction)
    workflow.check(correction, step, by=by, seen=seen, reason=reason)
    if refusal := why_not(correction, step, by, now):
        raise Forbidden(refusal)
    workflow.apply(correction, step, by=by, now=now, seen=seen, reason=reason)
    if step == "book":
        _book(correction, by, now)
    elif step == "reverse":
        entry = ledger.booked(cause_of(correction))
        assert entry is not None
        ledger.take_back(entry, by=by, now=now, reason=reason)


def cause_of(correction: Correction) -> str:
    """The cause of its entry: it is booked once (L4)."""
    return f"correction/{correction.public_id}"


def _book(correction: Correction, by: Actor, now: datetime) -> None:
    own = PENALTIES if correction.is_penalty else ADJUSTMENTS
    gets = correction.amount > 0
    ledger.transfer(
        dealer_id=correction.dealer_id,
        source=own if gets else DEALER,
        target=DEALER if gets else own,
        amount=abs(correction.amount),
        kind=correction.sort,
        cause=cause_of(correction),
        by=by,
        now=now,
        document=correction,
        values={"reason": correction.reason},
    )
