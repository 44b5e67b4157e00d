"""What of a country's holidays can still be declared, and the taking over of it (A10, P4)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.terms import calendar_queries, calendar_services
from portal.terms.calendar import Span
from portal.terms.public_holidays import Proposal


@dataclass(frozen=True)
class Offer:
    """A proposed span, and what of it is neither over nor declared in any way."""

    span: Span
    left: list[Span]
    is_over: bool

    @property
    def key(self) -> str:
        """What names it in a form."""
        return self.span.first.isoformat()


def offers(proposed: Proposal, today: date) -> list[Offer]:
    """What a proposal offers: days that were declared before, as whatever, stay as they are."""
    year = proposed.year
    declared = calendar_queries.declared(date(year, 1, 1), date(year, 12, 31))
    taken = {day for span in declared for day in span.days}
    return [
        Offer(span, _left(span, taken, today), is_over=span.last < today) for span in proposed.spans
    ]


def _left(span: Span, taken: Collection[date], today: date) -> list[Span]:
    left: list[Span] = []
    for day in span.days:
        if day < today or day in taken:
            continue
        if left and left[-1].last == day - timedelta(days=1):
            left[-1] = replace(left[-1], last=day)
        else:
            left.append(replace(span, first=day, last=day))
    return left


def take_over(
    proposed: Proposal, chosen: Collection[str], *, seen: int | None, by: Actor, now: datetime
) -> int:
    """Declare the chosen spans of a proposal, by their keys; gives how many days that were.

    Invalid if there is nothing to declare; Stale if ``seen`` is not the calendar's version.
    """
    spans = [
        span for offer in offers(proposed, now.date()) if offer.key in chosen for span in offer.left
    ]
    if not spans:
        raise Invalid(_("Choose at least one."))
    calendar_services.declare(spans, seen=seen, by=by, now=now)
    return sum(len(span.days) for span in spans)
