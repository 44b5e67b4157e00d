"""What is asked about a failed product, and the answer with its reason in words (C5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from portal.core.i18n import _, ngettext
from portal.web.filters import day

Verdict = Literal["in", "out", "unknown"]
Source = Literal["serial", "purchase_date"]
Cause = Literal["months", "none", "no_policy", "sold_later", "no_model", "no_day"]
Note = Literal["unregistered", "other_model", "other_day"]


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody says of a failed product; the days are headquarters'.

    ``model`` is as it was typed, with whatever else stands there: ``Liora W310, white``.
    """

    part_id: int
    model: str = ""
    serial: str = ""
    purchased_on: date | None = None
    failed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What follows for a case, with the values used: to be kept beside a decision (C5).

    ``failed_on`` is the day that was asked about. ``months`` are the policy's, from ``starts_on``
    to ``ends_on``, both included; ``source`` says where the first day is from. ``model`` is the
    model's number. ``cause`` and ``notes`` are what the reason is made of; notes are doubts that
    do not change the verdict.
    """

    case: Case
    verdict: Verdict
    cause: Cause
    failed_on: date
    model: str = ""
    months: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    source: Source | None = None
    notes: tuple[Note, ...] = ()

    @property
    def reason(self) -> str:
        """Why, and what is doubtful, in the reader's language."""
        doubts = () if self.cause in ("no_model", "no_day") else self.notes
        return " ".join((_why(self), *(_doubt(self, note) for note in doubts)))


def _why(found: Eligibility) -> str:
    if found.cause == "months":
        return _by_months(found)
    if found.cause == "none":
        return _("Out of warranty: this part has none on %(model)s.", model=found.model)
    if found.cause == "no_policy":
        return _(
            "Unknown: there is no warranty policy for %(model)s on %(day)s.",
            model=found.model,
            day=day(found.starts_on),
        )
    if found.cause == "sold_later":
        return _(
            "Unknown: the product was sold on %(start)s, after it failed on %(failed)s.",
            start=day(found.starts_on),
            failed=day(found.failed_on),
        )
    return _no_model(found) if found.cause == "no_model" else _no_day(found)


def _no_model(found: Eligibility) -> str:
    if found.case.model:
        return _("Unknown: there is no product model “%(model)s”.", model=found.case.model[:60])
    if "unregistered" in found.notes:
        return _("Unknown: no product model is given, and by the serial it cannot be found.")
    return _("Unknown: no product model is given.")


def _no_day(found: Eligibility) -> str:
    if "unregistered" in found.notes:
        return _("Unknown: no purchase date is given, and by the serial it cannot be found.")
    return _("Unknown: neither a serial nor a purchase date is given.")


def _doubt(found: Eligibility, note: Note) -> str:
    if note == "unregistered":
        return _("The serial is not registered.")
    if note == "other_model":
        return _("The serial is registered as %(model)s, and that counts.", model=found.model)
    return _(
        "The purchase date given is %(day)s; the registered sale counts.",
        day=day(found.case.purchased_on),
    )


def _by_months(found: Eligibility) -> str:
    assert found.months is not None
    assert found.ends_on is not None
    values: dict[str, Any] = {"num": found.months, "start": day(found.starts_on)}
    if found.verdict == "in":
        values["end"] = day(found.ends_on)
        return _in_warranty(found.source, values)
    values["since"] = day(found.ends_on + timedelta(days=1))
    return _out_of_warranty(found.source, values)


def _in_warranty(source: Source | None, values: dict[str, Any]) -> str:
    if source == "serial":
        return ngettext(
            "In warranty until %(end)s: %(num)d month from the sale on %(start)s, by its serial.",
            "In warranty until %(end)s: %(num)d months from the sale on %(start)s, by its serial.",
            **values,
        )
    return ngettext(
        "In warranty until %(end)s: %(num)d month from the purchase on %(start)s.",
        "In warranty until %(end)s: %(num)d months from the purchase on %(start)s.",
        **values,
    )


def _out_of_warranty(source: Source | None, values: dict[str, Any]) -> str:
    if source == "serial":
        return ngettext(
            "Out of warranty since %(since)s: it was %(num)d month from the sale on %(start)s, "
            "by its serial.",
            "Out of warranty since %(since)s: it was %(num)d months from the sale on %(start)s, "
            "by its serial.",
            **values,
        )
    return ngettext(
        "Out of warranty since %(since)s: it was %(num)d month from the purchase on %(start)s.",
        "Out of warranty since %(since)s: it was %(num)d months from the purchase on %(start)s.",
        **values,
    )
