"""Pages over many entries: an account between two days, what dealers owe, and the postings."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from flask import current_app, request
from flask.typing import ResponseReturnValue

from portal.core.clock import Month, parse_day
from portal.core.db import AnyRow, snapshot
from portal.core.i18n import _
from portal.ledger import ageing, paper, policy, postings, statements
from portal.ledger.kinds import KINDS
from portal.ledger.statements import Statement
from portal.ledger.views import document_url
from portal.web import exports, languages, lists
from portal.web.exports import Column
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("moneyreports", __name__, url_prefix="/accounts")


def _day(name: str, otherwise: date) -> date:
    """The day that the URL names, at headquarters; another one if it names none."""
    try:
        day = parse_day(request.args.get(name, ""))
    except ValueError:
        return otherwise
    return day if 1990 <= day.year <= 2999 else otherwise


# --- An account between two days --------------------------------------------------------------


def _asked(name: str) -> tuple[AnyRow, Statement]:
    """What the URL asks for; its times are told in headquarters' zone, whose days they are."""
    last = min(_day("to", now().date()), now().date())
    first = _day("from", last.replace(day=1))
    account, found = statements.of_days(actor(), name, first, last, now())
    languages.tell_times_in(found.zone)
    return account, found


def _last(found: Statement) -> date:
    return (found.ends - timedelta(days=1)).date()


@pages.get("/<name>/days", needs=policy.READ)
def days(name: str) -> ResponseReturnValue:
    """A dealer's account on a day: what it opened and closed with, and the entries between."""
    account, found = _asked(name)
    return render(
        "ledger/days.html",
        fragments={"results"},
        account=account,
        statement=found,
        begin_day=found.begins.date(),
        end_day=_last(found),
        reserved=statements.reserved_then(account.dealer_id, found.ends),
        listed=statements.entries(actor(), account, found).page(),
        kinds=KINDS,
        document_url=document_url,
    )


@pages.get("/<name>/days/export/<any(xlsx, csv):ending>", needs=policy.READ, own_transactions=True)
def export_days(name: str, ending: str) -> ResponseReturnValue:
    """The same as a sheet."""
    with snapshot():
        account, found = _asked(name)
        title = f"{_('Account')} {account.code} {found.begins.date()} – {_last(found)}"
        rows = paper.sheet_rows(actor(), account, found)
        return exports.sheet(title, paper.headings(), rows, ending)


# --- What dealers owe -------------------------------------------------------------------------


def _end_of(day: date) -> datetime:
    """The first moment after a day of headquarters'."""
    return datetime.combine(day + timedelta(days=1), time(), now().tzinfo)


@pages.get("/owed", needs=policy.REPORTS)
def owed() -> ResponseReturnValue:
    """The accounts below zero on a day, by how long."""
    on = min(_day("on", now().date()), now().date())
    statement = ageing.owed(actor(), _end_of(on))
    return render(
        "ledger/owed.html",
        fragments={"results"},
        on=on,
        totals=ageing.totals(statement),
        listed=lists.page_by(statement, statement.selected_columns.code),
        labels=_ages(),
    )


def _ages() -> list[str]:
    return [_("Up to 30 days"), _("31 to 60 days"), _("61 to 90 days"), _("Over 90 days")]


@pages.get("/owed/export/<any(xlsx, csv):ending>", needs=policy.REPORTS, own_transactions=True)
def export_owed(ending: str) -> ResponseReturnValue:
    """The same as a file."""
    on, money = min(_day("on", now().date()), now().date()), exports.money()
    columns = [
        Column(_("Dealer code"), "code"),
        Column(_("Dealer"), "name"),
        Column(_("Credit limit"), "credit_limit", money),
        Column(_("Owed"), "owed", money),
        *(Column(label, name, money) for label, name in zip(_ages(), ageing.AGES, strict=True)),
    ]
    with snapshot():
        statement = ageing.owed(actor(), _end_of(on))
        statement = statement.order_by(statement.selected_columns.code)
        table = exports.Table(f"{_('What dealers owe')} {on}", statement, columns)
        return exports.file_of(table, ending)


# --- Postings for the accountants' system -----------------------------------------------------


class Range(NamedTuple):
    """Some days, from a first to a last one, and the moments that they begin and end with."""

    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return datetime.combine(self.first, time(), now().tzinfo), _end_of(self.last)


def _range() -> Range:
    """The days that the URL names; else the last month that is over."""
    month = Month.of(now()).plus(-1)
    return Range(_day("from", month.first), _day("to", month.plus(1).first - timedelta(days=1)))


@pages.get("/postings", needs=policy.REPORTS)
def posted() -> ResponseReturnValue:
    """How many entries some days have, by kind; and the file of them."""
    days = _range()
    return render(
        "ledger/postings.html",
        fragments={"results"},
        days=days,
        rows=postings.by_kind(actor(), *days.moments),
        kinds=KINDS,
    )


def _postings_columns() -> list[Column]:
    zone = now().tzinfo
    currency = current_app.extensions["settings"].currency

    def day(at: datetime) -> date:
        return at.astimezone(zone).date()

    return [
        Column(_("Date"), "at", day),
        Column(_("Number"), "id"),
        Column(_("Kind"), "kind"),
        Column(_("Debit account"), "debit"),
        Column(_("Credit account"), "credit"),
        Column(_("Dealer code"), "code"),
        Column(_("Amount"), "amount", exports.money()),
        Column(_("Currency"), "currency", lambda _nothing: currency),
        Column(_("Document"), "document_title"),
        Column(_("Cause"), "cause"),
        Column(_("Bank reference"), "details", lambda details: details.get("reference")),
        Column(_("Reverses number"), "reverses_id"),
    ]


@pages.get("/postings/export/<any(xlsx, csv):ending>", needs=policy.REPORTS, own_transactions=True)
def export_postings(ending: str) -> ResponseReturnValue:
    """One row for each entry of some days, as a file for another system."""
    days = _range()
    with snapshot():
        statement = postings.between(actor(), *days.moments)
        title = f"{_('Postings')} {days.first} – {days.last}"
        return exports.file_of(exports.Table(title, statement, _postings_columns()), ending)
