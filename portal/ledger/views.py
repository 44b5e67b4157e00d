"""The pages of money: accounts, entries, deposits, reversals and credit limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.core.db import AnyRow, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import NotFound
from portal.core.events import Event
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.ledger import list_views, policy, queries, services, statements
from portal.ledger.forms import CreditLimitForm, DepositForm, ReverseForm
from portal.ledger.history import ENTRY_VALUES, VALUES
from portal.ledger.kinds import KINDS, PURPOSES
from portal.ledger.models import Account, Transfer
from portal.people.models import Dealer
from portal.web import filters, frame, lists, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, needs_of, now

pages = Pages("ledger", __name__)
register(
    DocumentKind(
        Account,
        _l("Account"),
        "ledger.dealer_account",
        policy.visible_accounts,
        values=VALUES,
    )
)
frame.room(40, _l("Account"), "account", "ledger.account", policy.OWN)
frame.room(40, _l("Accounts"), "ledger", "ledger.accounts", policy.ACCOUNTS)


def _kind(row: AnyRow) -> DocumentKind | None:
    return list_views.kind_called(row.document_kind)


def document_url(row: AnyRow) -> str | None:
    """Where the document of an entry or a reservation is, if this person may open such pages."""
    kind = _kind(row)
    if kind is None or row.document_name is None or not actor().can(needs_of(kind.endpoint)):
        return None
    return url_for(kind.endpoint, name=row.document_name)


def _account_page(name: str | None = None) -> ResponseReturnValue:
    account = queries.account(actor(), name)
    tab = lists.current(list_views.TABS)
    by_hand = tab.name == "history"
    if by_hand:
        listed = lists.page(queries.history(account), Event.at, Event.id)
    else:
        listed = list_views.shown(account).page()
    return render(
        "ledger/account.html",
        fragments={"results"},
        account=account,
        tab=tab.name,
        tabs=lists.tab_items(
            list_views.TABS,
            [
                lists.in_words(account.entries),
                lists.in_words(account.open),
                None,
                lists.in_words(account.event_count),
            ],
        ),
        reserved_url=lists.here(
            tab="reserved", after=None, kind=None, **{"from": None, "to": None}
        ),
        listed=listed,
        unwritten=_unwritten(account) if tab.name == "statements" else [],
        history=_history(account.public_id, listed.rows) if by_hand else [],
        kind=list_views.kind_asked(),
        kinds=KINDS,
        document_kind=_kind,
        document_url=document_url,
    )


def _unwritten(account: AnyRow) -> list[statements.Statement]:
    """The months on top of the first page of statements: the present one before all."""
    if request.args.get("after"):
        return []
    return list(statements.unwritten(account.dealer_id, now()))[::-1]


@dataclass(frozen=True)
class ByHand:
    """A line of an account's history: what finance did by hand, in minor units."""

    entry: timeline.Entry
    amount: int | None
    limits: list[int]
    reference: str


def _history(name: str, events: Sequence[AnyRow]) -> list[ByHand]:
    """What finance did by hand with an account, as its events tell it."""
    document = find(Account, name, actor())
    told = [timeline.told(event, document) for event in events]
    return [
        ByHand(
            entry,
            entry.used.get("amount"),
            entry.used.get("credit_limit", []),
            entry.used.get("reference", ""),
        )
        for entry in told
    ]


@pages.get("/account", needs=policy.OWN)
def account() -> ResponseReturnValue:
    """One's own company's account."""
    return _account_page()


@pages.get("/accounts/<name>", needs=policy.READ)
def dealer_account(name: str) -> ResponseReturnValue:
    """The account of a dealer, by the dealer's public id."""
    return _account_page(name)


@pages.get("/accounts", needs=policy.ACCOUNTS)
def accounts() -> ResponseReturnValue:
    """The accounts of all dealers."""
    text, tab = lists.typed(), lists.current(queries.ACCOUNT_TABS)
    scope = queries.accounts_scope(actor(), text)
    return render(
        "ledger/accounts.html",
        fragments={"results"},
        listed=lists.page_by(queries.accounts(actor(), text, tab), Dealer.code),
        tabs=lists.tab_items(
            queries.ACCOUNT_TABS, lists.counts(Account, scope, queries.ACCOUNT_TABS)
        ),
        tab=tab.name,
        q=text,
    )


def _limit_page(account: Account, form: CreditLimitForm) -> ResponseReturnValue:
    form.now_shows(account.version)
    return render(
        "ledger/credit_limit.html",
        status=form.status,
        form=form,
        account=queries.account(actor(), account.public_id),
    )


@pages.get("/accounts/<name>/credit-limit", needs=policy.LIMIT)
def credit_limit(name: str) -> ResponseReturnValue:
    """The form for a dealer's credit limit, as it stands."""
    account = find(Account, name, actor())
    standing = {"seen": account.version, "credit_limit": account.credit_limit}
    return _limit_page(account, CreditLimitForm(data=standing))


@pages.post("/accounts/<name>/credit-limit", needs=policy.LIMIT)
def set_credit_limit(name: str) -> ResponseReturnValue:
    """Change a dealer's credit limit (L5)."""
    # Not locked here: the service takes a lock that lets others book entries meanwhile.
    account = find(Account, name, actor())
    form = CreditLimitForm()
    if form.validate_on_submit():
        with form.refusals():
            services.set_credit_limit(
                account,
                form.credit_limit.data,
                seen=form.seen.data,
                reason=form.reason.data,
                by=actor(),
                now=now(),
            )
            flash(_("The credit limit is changed."), "success")
            return go("ledger.dealer_account", name=name, tab="history")
    return _limit_page(account, form)


def _deposit_page(form: DepositForm) -> ResponseReturnValue:
    reference = form.reference.data
    return render(
        "ledger/deposit.html",
        status=form.status,
        form=form,
        booked=queries.deposit_of(actor(), reference) if reference else None,
    )


def _deposit_form(**given: str | None) -> tuple[DepositForm, dict[str, int]]:
    form = DepositForm(data=given)
    dealers = queries.dealers(actor())
    form.offer(dealers)
    return form, {row.public_id: row.id for row in dealers}


@pages.get("/deposits/new", needs=policy.DEPOSIT)
def new_deposit() -> ResponseReturnValue:
    """The form for money that arrived at the bank."""
    form, _ids = _deposit_form(dealer=request.args.get("dealer"))
    return _deposit_page(form)


@pages.post("/deposits/new", needs=policy.DEPOSIT)
def deposit() -> ResponseReturnValue:
    """Book a deposit (L7)."""
    form, ids = _deposit_form()
    if form.validate_on_submit():
        with form.refusals():
            services.deposit(
                dealer_id=ids[form.dealer.data],
                amount=form.amount.data,
                reference=form.reference.data,
                by=actor(),
                now=now(),
            )
            flash(_("The deposit is booked."), "success")
            return go("ledger.dealer_account", name=form.dealer.data)
    return _deposit_page(form)


def _entry_page(name: str, form: ReverseForm | None = None) -> ResponseReturnValue:
    row = queries.entry(actor(), name)
    may_reverse = actor().can(policy.REVERSE) and not row.original_name and not row.reversal_name
    refusal = services.irreversible(row.Transfer) if may_reverse else None
    can_reverse = may_reverse and not refusal
    return render(
        "ledger/entry.html",
        status=form.status if form else 200,
        entry=row.Transfer,
        row=row,
        kinds=KINDS,
        purposes=PURPOSES,
        values=[
            (value.label, value.write(row.Transfer.values[key], row.Transfer))
            for key, value in ENTRY_VALUES.items()
            if key in row.Transfer.values
        ],
        document_kind=_kind(row.Transfer),
        document_url=document_url(row.Transfer),
        form=form or (ReverseForm(formdata=None) if can_reverse else None),
        can_reverse=can_reverse,
        put_right=refusal,
        missing=row.Transfer.amount - row.available if can_reverse else 0,
    )


@pages.get("/entries/<name>", needs=policy.READ)
def entry(name: str) -> ResponseReturnValue:
    """One entry, with all that is known of it."""
    return _entry_page(name)


@pages.post("/entries/<name>/reverse", needs=policy.REVERSE)
def reverse(name: str) -> ResponseReturnValue:
    """Put a mistake right by one reversal (L3)."""
    original = session.scalars(
        select(Transfer).where(Transfer.public_id == name, policy.visible_transfers(actor()))
    ).one_or_none()
    if original is None:
        raise NotFound()
    form = ReverseForm()
    if form.validate_on_submit():
        with form.refusals():
            made = services.reverse(original, by=actor(), now=now(), reason=form.reason.data)
            flash(_("The entry is reversed."), "success")
            return go("ledger.entry", name=made.public_id)
    return _entry_page(name, form)


@frame.finder
def _find(who: Actor, text: str) -> Iterator[frame.Find]:
    if not who.can(policy.READ):
        return
    found = queries.deposit_of(who, text)
    if found is not None:
        yield frame.Find(
            KINDS["deposit"],
            found.details["reference"],
            f"{found.code} {found.name} · {filters.money(found.amount)}",
            url_for("ledger.entry", name=found.public_id),
        )
    if not who.can(policy.ACCOUNTS):
        return
    for row in session.execute(queries.accounts(who, text).order_by(Dealer.code).limit(3)):
        yield frame.Find(
            _("Account"),
            f"{row.code} {row.name}",
            _("%(amount)s available", amount=filters.money(row.available)),
            url_for("ledger.dealer_account", name=row.public_id),
        )
