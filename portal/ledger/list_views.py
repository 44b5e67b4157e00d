"""What an account's page lists, and the same as a file."""

from typing import Any

from flask import request

from portal.core.db import AnyRow
from portal.core.documents import DocumentKind, kind_named
from portal.core.errors import NotFound
from portal.core.i18n import _, _l
from portal.ledger import policy, queries, statements
from portal.ledger.kinds import KINDS
from portal.ledger.models import Reservation, Transfer
from portal.people.models import Dealer
from portal.web import exports, lists
from portal.web.exports import Column
from portal.web.routes import Pages, actor

pages = Pages("ledgerlists", __name__)

TABS = (
    lists.Tab("entries", _l("Entries")),
    lists.Tab("reserved", _l("Reserved")),
    lists.Tab("statements", _l("Statements")),
    lists.Tab("history", _l("History")),
)


def kind_asked() -> str | None:
    """The kind of entries that the URL asks for, if there is one of that name."""
    kind = request.args.get("kind")
    return kind if kind in KINDS else None


def kind_called(name: str | None) -> DocumentKind | None:
    """The kind of document of that name, if there is one."""
    try:
        return kind_named(name or "")
    except NotFound:
        return None


def shown(account: AnyRow) -> lists.Selection:
    """What the URL asks for of an account: its entries, what is reserved on it, or statements."""
    tab = lists.current(TABS).name
    if tab == "statements":
        return statements.months(actor(), account)
    if tab == "reserved":
        statement = queries.open_reservations(actor(), account)
        return lists.Selection(statement, Reservation.at, Reservation.id)
    statement = queries.entries(actor(), account, kind_asked(), lists.days_asked())
    return lists.Selection(statement, Transfer.at, Transfer.id)


def _document(name: str | None) -> str:
    kind = kind_called(name)
    return str(kind.label) if kind else ""


def _kind(name: str | None) -> str:
    return str(KINDS.get(name or "", name or ""))


def _reference(details: dict[str, Any]) -> str:
    return str(details.get("reference", ""))


def _reserved() -> list[Column]:
    return [
        Column(_("Date"), "created_at", exports.moments()),
        Column(_("Document"), "document_title"),
        Column(_("Kind"), "document_kind", _document),
        Column(_("Reserved"), "amount", exports.money()),
    ]


def _statements() -> list[Column]:
    money = exports.money()
    return [
        Column(_("Month"), "month"),
        Column(_("Entries"), "entry_count"),
        Column(_("Opening balance"), "opening", money),
        Column(_("In"), "money_in", money),
        Column(_("Out"), "money_out", money),
        Column(_("Closing balance"), "closing", money),
    ]


def _entries() -> list[Column]:
    reversed_ = _("reversed")
    return [
        Column(_("Date"), "created_at", exports.moments()),
        Column(_("Kind"), "kind", _kind),
        Column(_("Document"), "document_title"),
        Column(_("Bank reference"), "details", _reference),
        Column(_("Reverses"), "original_kind", _kind),
        Column(_("Reversed"), "reversal_name", lambda name: reversed_ if name else ""),
        Column(_("Booked by"), "actor_name"),
        Column(_("Amount"), "amount", exports.money()),
    ]


def _table(name: str | None = None) -> exports.Table:
    account = queries.account(actor(), name)
    columns = {"reserved": _reserved, "statements": _statements}.get(
        lists.current(TABS).name, _entries
    )()
    title = f"{_('Account')} {account.code}"
    return exports.Table(title, shown(account).whole, columns)


@exports.offers(pages, "/account", of="ledger.account", needs=policy.OWN)
def own() -> exports.Table:
    """One's own company's account."""
    return _table()


@exports.offers(pages, "/accounts/<name>", of="ledger.dealer_account", needs=policy.READ)
def of_dealer(name: str) -> exports.Table:
    """The account of a dealer."""
    return _table(name)


@exports.offers(pages, "/accounts", of="ledger.accounts", needs=policy.ACCOUNTS)
def of_all() -> exports.Table:
    """The accounts of all dealers, in the order of their codes."""
    money, tab = exports.money(), lists.current(queries.ACCOUNT_TABS)
    columns = [
        Column(_("Dealer code"), "code"),
        Column(_("Dealer"), "name"),
        Column(_("Posted balance"), "posted", money),
        Column(_("Credit limit"), "credit_limit", money),
        Column(_("Reserved"), "reserved", money),
        Column(_("Available"), "available", money),
    ]
    statement = queries.accounts(actor(), lists.typed(), tab).order_by(Dealer.code)
    return exports.Table(_("Accounts"), statement, columns)
