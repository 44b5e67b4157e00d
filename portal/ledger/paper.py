"""Account statements on paper and as sheets, in the reader's language (L9)."""

from collections.abc import Callable, Iterator
from typing import Any

from portal.core.db import AnyRow, streamed
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.ledger import statements
from portal.ledger.kinds import KINDS
from portal.ledger.statements import Statement
from portal.web import exports, filters
from portal.web.links import public_url_for
from portal.web.paper import Paper, paper


def title(statement: Statement) -> str:
    """What a statement is called, and its file."""
    return f"{_('Account statement')} {statement.dealer_code} {statement.month}"


def headings() -> list[str]:
    """The headings of a statement's sheet."""
    return [
        _("Date"), _("Kind"), _("Document"), _("Bank reference"), _("Reverses"), _("In"),
        _("Out"), _("Balance"),
    ]  # fmt: skip


def sheet_rows(who: Actor, account: AnyRow, statement: Statement) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement's sheet, from its opening to its closing balance."""
    money, moment = exports.money(), exports.moments()

    def balance(label: str, amount: int) -> tuple[Any, ...]:
        return (None, label, None, None, None, None, None, money(amount))

    yield balance(_("Opening balance"), statement.opening)
    for row in streamed(statements.entries(who, account, statement).whole):
        yield (
            moment(row.created_at),
            str(KINDS[row.kind]),
            row.document_title,
            row.details.get("reference"),
            str(KINDS[row.original_kind]) if row.original_kind else None,
            *_in_and_out(row.amount, money),
            money(row.balance),
        )
    yield balance(_closing(statement), statement.closing)


def _in_and_out(amount: int, write: Callable[[int], Any]) -> tuple[Any, Any]:
    """An entry's amount in the column where it belongs."""
    return (write(amount), None) if amount > 0 else (None, write(-amount))


def _closing(statement: Statement) -> str:
    return _("Closing balance") if statement.final else _("Balance so far")


def account_statement(who: Actor, account: AnyRow, statement: Statement) -> Paper:
    """A dealer's account in one month, on A4 (L9)."""
    rows = streamed(statements.entries(who, account, statement).whole)
    facts = {
        "title": _("Account statement"),
        "number": filters.month(statement.month),
        "status": "" if statement.final else _("So far"),
        "facts": [
            {"label": _("Dealer"), "value": f"{statement.dealer_code} · {statement.dealer_name}",
             "wide": True},
            {"label": _("Address"), "value": statement.dealer_address, "wide": True},
            {"label": _("Month"), "value": filters.month(statement.month)},
            {"label": _("Time zone"), "value": statement.zone.key},
        ],
        "heads": [_("Date"), _("Kind"), _("Booked for"), _("In"), _("Out"), _("Balance")],
        "opening": (_("Opening balance"), filters.money(statement.opening)),
        "lines": [
            (
                filters.instant(row.created_at),
                KINDS[row.kind],
                _cause(row),
                *(text or "" for text in _in_and_out(row.amount, filters.money)),
                filters.money(row.balance),
            )
            for row in rows
        ],
        "closing": (
            _closing(statement),
            filters.money(statement.money_in),
            filters.money(statement.money_out),
            filters.money(statement.closing),
        ),
    }  # fmt: skip
    address = public_url_for("statements.show", name=account.public_id, month=statement.month)
    return paper("account_statement", title(statement), facts, address=address)


def _cause(row: AnyRow) -> str:
    """What an entry came from, in words."""
    reference = row.details.get("reference")
    return " · ".join(
        filter(
            None,
            (
                str(KINDS[row.original_kind]) if row.original_kind else "",
                row.document_title,
                _("Bank reference %(reference)s", reference=reference) if reference else "",
            ),
        )
    )
