"""Every policy value: its unit, its bounds, its default, and what it means.

An approved value counts from its effective date on; whoever decides by one stores it with the
decision.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, Date, Select, bindparam, func, select

from portal.core.db import session
from portal.core.i18n import _l
from portal.terms.models import PolicyValue
from portal.terms.rule_terms import RULE_TERMS
from portal.terms.term import Term

TERMS = {
    term.name: term
    for term in (
        Term(
            "application.reply_hours",
            24,
            1,
            240,
            "hour",
            _l("Time to answer an application"),
            _l("Headquarters answers a submitted application within this time."),
        ),
        Term(
            "application.quote_days",
            14,
            1,
            90,
            "day",
            _l("How long a quote stands"),
            _l("A quote that is not confirmed within this time expires."),
        ),
        Term(
            "application.remind_days",
            2,
            0,
            30,
            "day",
            _l("Reminder of a quote"),
            _l("Who may confirm a quote is reminded so long before it ends; 0 reminds nobody."),
        ),
        Term(
            "application.draft_days",
            365,
            30,
            3650,
            "day",
            _l("How long a draft is kept"),
            _l("An application's draft that nobody touches for so long is discarded."),
        ),
        Term(
            "application.ship_days",
            2,
            1,
            30,
            "day",
            _l("Time to ship"),
            _l("A released application is shipped within this time, or on its promised date."),
        ),
        Term(
            "application.release_automatically",
            0,
            0,
            1,
            "switch",
            _l("Release without finance"),
            _l("A confirmed quote is released at once, without finance."),
        ),
        Term(
            "compensation.rate",
            50,
            0,
            1000,
            "basis_point",
            _l("Compensation for a late day"),
            _l("For each day that it ships late, the dealer gets this share of the late pieces."),
        ),
        Term(
            "compensation.most",
            1000,
            1,
            10000,
            "basis_point",
            _l("Most compensation for a late shipment"),
            _l("However late it ships, the dealer gets no larger share of the late pieces."),
        ),
        Term(
            "compensation.book_days",
            7,
            1,
            90,
            "day",
            _l("Time to decide on a compensation"),
            _l("Neither booked nor excused within this time, the portal books it by itself."),
        ),
        Term(
            "shipment.receive_days",
            10,
            1,
            90,
            "day",
            _l("Time to confirm receipt"),
            _l("A shipment that nobody confirms or reports within this time counts as received."),
        ),
        Term(
            "shipment.remind_days",
            3,
            1,
            30,
            "day",
            _l("Reminder to confirm receipt"),
            _l("The dealer is reminded so long before a shipment counts as received."),
        ),
        Term(
            "oldpart.photos",
            1,
            0,
            10,
            "piece",
            _l("Photos of an old part"),
            _l("An old part is registered with at least so many photos."),
        ),
        Term(
            "oldpart.register_days",
            15,
            1,
            120,
            "day",
            _l("Time to register an old part"),
            _l("An old part is registered within this time after the new part's receipt."),
        ),
        Term(
            "oldpart.charge_in_full",
            0,
            0,
            1,
            "switch",
            _l("Charge old parts in full"),
            _l(
                "What is not registered is charged at the whole out-of-warranty price, and not "
                "less the cost price that was deducted."
            ),
        ),
        Term(
            "oldpart.dispute_days",
            14,
            1,
            90,
            "day",
            _l("Time to dispute a charge"),
            _l("A dealer may dispute the charge for an old part within this time."),
        ),
        Term(
            "collection.remind_days",
            3,
            1,
            30,
            "day",
            _l("Reminder to send called old parts"),
            _l("The dealer is reminded so long before called old parts are to be sent."),
        ),
        Term(
            "oldpart.object_days",
            14,
            1,
            90,
            "day",
            _l("Time to object to an inspection"),
            _l("A dealer may object once, within this time, to an old part having failed."),
        ),
        Term(
            "claim.lapse_months",
            6,
            1,
            24,
            "month",
            _l("How long an old part can be claimed"),
            _l("An accepted old part can be claimed for so many months."),
        ),
        Term(
            "claim.remind_days",
            10,
            0,
            27,
            "day",
            _l("Announcement of what lapses"),
            _l(
                "The dealer is told so long before the end of the month after which it can no "
                "longer be claimed; 0 tells nobody."
            ),
        ),
        Term(
            "claim.spot_check",
            200,
            0,
            10000,
            "basis_point",
            _l("Spot checks of claims"),
            _l(
                "Of the lines of a claim that are approved together, this share, rounded up, is "
                "drawn and looked at by a person; 0 draws none."
            ),
        ),
        Term(
            "claim.run_day",
            3,
            1,
            28,
            "day_of_month",
            _l("Day of the monthly run"),
            _l("On this day the run for the month before opens."),
        ),
        Term(
            "claim.labour",
            0,
            0,
            1,
            "switch",
            _l("Reimbursement of labour"),
            _l("A dealer also claims the labour of an old part, by its approved service fees."),
        ),
        Term(
            "claim.run_on_working_day",
            0,
            0,
            1,
            "switch",
            _l("Monthly run on a working day"),
            _l("A run whose day is no working day opens on the next one, in the same month."),
        ),
        Term(
            "claim.close_four_eyes",
            1,
            0,
            1,
            "switch",
            _l("Two people close the month"),
            _l(
                "One reviewer proposes to close a run, another one looks at the totals and "
                "closes it."
            ),
        ),
        Term(
            "claim.appeal_days",
            14,
            1,
            90,
            "day",
            _l("Time to appeal"),
            _l("A dealer may appeal once, within this time, against what was decided on a line."),
        ),
        Term(
            "penalty.answer_days",
            7,
            1,
            90,
            "day",
            _l("Time to answer a penalty"),
            _l("A dealer may answer a penalty within this time, before it is booked."),
        ),
        Term(
            "calendar.weekdays",
            0b0011111,
            1,
            0b1111111,
            "weekdays",
            _l("Working days of the week"),
            _l("Headquarters works on these days, but for holidays."),
        ),
        Term(
            "calendar.opens",
            0,
            0,
            12,
            "time_of_day",
            _l("Beginning of the working day"),
            _l("Working hours count from this time on; from 0 to 24 a working day counts whole."),
        ),
        Term(
            "calendar.closes",
            24,
            13,
            24,
            "time_of_day",
            _l("End of the working day"),
            _l("Working hours count until this time; from 0 to 24 a working day counts whole."),
        ),
        Term(
            "people.session_days",
            90,
            1,
            3650,
            "day",
            _l("How long past sign-ins are kept"),
            _l("From where and when somebody signed in is forgotten so long after its end."),
        ),
        Term(
            "customer.keep_years",
            10,
            0,
            50,
            "year",
            _l("How long customers’ personal data is kept"),
            _l(
                "So long after the last event of a settled document its customer’s name and phone"
                " are removed, but not before two years; 0 keeps them for ever. Ten years outlast"
                " the warranty, and the time for which most laws have books kept."
            ),
        ),
        *RULE_TERMS,
    )
}


def in_force(name: str, on: date | BindParameter[date]) -> ColumnElement[int]:
    """The value that is in force on a day, as a column of another query."""
    chosen = (
        select(PolicyValue.value)
        .where(
            PolicyValue.name == name,
            PolicyValue.status == "approved",
            PolicyValue.effective_from <= on,
        )
        .order_by(PolicyValue.effective_from.desc(), PolicyValue.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(chosen, TERMS[name].default)


def value(name: str, on: date) -> int:
    """The value that is in force on a day; KeyError for a name that no rule has."""
    return session.scalars(_value(name), {"on": on}).one()


@cache
def _value(name: str) -> Select[int]:
    return select(in_force(name, bindparam("on", type_=Date())))


def values(names: Sequence[str], on: date) -> dict[str, int]:
    """The values that are in force on a day, by their names; one query."""
    rows = session.execute(
        select(PolicyValue.name, PolicyValue.value)
        .where(
            PolicyValue.name.in_(names),
            PolicyValue.status == "approved",
            PolicyValue.effective_from <= on,
        )
        .order_by(PolicyValue.effective_from, PolicyValue.id)
    )
    return {name: TERMS[name].default for name in names} | dict(rows.all())
