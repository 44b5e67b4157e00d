"""The pages of the bank's lines (L7): those that wait for their dealer, and what became of each."""

from collections.abc import Iterator
from datetime import datetime

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.banking import (
    checks,  # noqa: F401 - the books are checked with them
    policy,
    queries,
    services,
)
from portal.banking.forms import PayerForm
from portal.banking.history import LINE_VALUES, LINE_WORDS
from portal.banking.matching import NONE, SEVERAL, TWICE
from portal.banking.models import BankFile, BankLine
from portal.core.db import session
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people.models import Dealer
from portal.web import exports, filters, frame, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, load, now

pages = Pages("bank", __name__, url_prefix="/accounts/bank")
register(
    DocumentKind(
        BankLine,
        _l("Bank line"),
        "bank.show",
        policy.visible,
        takes_comments=False,
        words=LINE_WORDS,
        values=LINE_VALUES,
    )
)
WHY = {
    NONE: _l("Neither the purpose nor the remitter names a dealer's code."),
    SEVERAL: _l("The purpose names several dealers."),
    TWICE: _l(
        "A line of the same day, amount and remitter was read before, without a bank reference. "
        "It may be the same money."
    ),
}
"""Why the portal found no dealer for a line."""


def shown() -> lists.Selection:
    """What the URL asks for of the lines."""
    return lists.Selection(
        queries.lines(actor(), lists.typed()),
        BankLine.created_at,
        BankLine.id,
        tab=lists.current(queries.TABS),
    )


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The lines of the bank's statement."""
    text = lists.typed()
    numbers = lists.counts(BankLine, queries.scope(actor(), text), queries.TABS)
    return render(
        "banking/lines.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        state=lists.states(BankLine.workflow),
        may_import=actor().can(policy.IMPORT),
    )


@exports.offers(pages, "", of="bank.index", needs=policy.READ)
def export() -> exports.Table:
    """The lines as the list shows them."""
    columns = [
        Column(_("Bank reference"), "reference"),
        Column(_("Booking date"), "day"),
        Column(_("Amount"), "amount", exports.money()),
        Column(_("Remitter"), "remitter"),
        Column(_("Payment purpose"), "purpose"),
        Column(_("Status"), "status", exports.states(BankLine.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
    ]
    return exports.Table(_("Bank lines"), shown().whole, columns)


# --- One of them ------------------------------------------------------------------------------


def _offered(form: PayerForm) -> dict[str, int]:
    """Let a form offer the dealers; their keys by public id."""
    dealers = queries.coded()
    form.offer(dealers)
    return {row.public_id: row.id for row in dealers}


@pages.get("/lines/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One line, and what became of it."""
    return _page(load(BankLine, name))


def _page(
    line: BankLine, payer: PayerForm | None = None, form: ActionForm | None = None
) -> ResponseReturnValue:
    to_assign = line.status == "open" and actor().can(policy.ASSIGN)
    guess = queries.likely_payer(line) if to_assign and payer is None else None
    if to_assign and payer is None:
        payer = PayerForm(formdata=None, data={"seen": line.version, "dealer": guess})
        _offered(payer)
    if payer is not None:
        payer.now_shows(line.version)
    refused = payer if payer is not None and payer.status != 200 else form
    return render(
        "banking/line.html",
        status=refused.status if refused else 200,
        line=line,
        file=session.get_one(BankFile, line.file_id),
        dealer=session.get(Dealer, line.payer_id) if line.payer_id else None,
        state=BankLine.workflow.state(line.status),
        steps=steps.of(line, "bank.act"),
        why=WHY.get(line.why) if line.status == "open" else None,
        guess=guess,
        payer=payer if to_assign else None,
        refused=refused,
        entry=queries.entry_of(line) if line.status == "booked" else None,
        entries=timeline.of(line),
        form=form,
    )


@pages.post("/lines/<name>/book", needs=policy.ASSIGN)
def assign(name: str) -> ResponseReturnValue:
    """Book a line for the dealer whose money it is; then the next one is shown."""
    line = load(BankLine, name)
    form = PayerForm()
    ids = _offered(form)

    def do() -> BankLine | None:
        dealer_id = ids[form.dealer.data]
        services.assign(line, dealer_id, seen=form.seen.data, by=actor(), now=now())
        return queries.next_open(line)

    def told() -> str:
        dealer, amount = session.get_one(Dealer, line.payer_id), filters.money(line.amount)
        return _("%(dealer)s: %(amount)s are booked.", dealer=dealer.title, amount=amount)

    return steps.taken(line, form, do, told=told) or _page(line, payer=form)


@pages.post("/lines/<name>/steps/<step>", needs=policy.ASSIGN)
def act(name: str, step: str) -> ResponseReturnValue:
    """Set a line aside, or take it up again."""
    line = load(BankLine, name)
    known, form = steps.direct(line, step), steps.form_for(step)

    def do() -> None:
        seen, reason = form.seen.data, form.reason.data or ""
        services.act(line, step, seen=seen, reason=reason, by=actor(), now=now())

    return steps.taken(line, form, do, told=known.told) or _page(line, form=form)


@frame.tasks
def _tasks(who: Actor, _at: datetime) -> Iterator[frame.Task]:
    """The lines that wait for their dealer, and the files that wait to be booked."""
    if who.can(policy.ASSIGN):
        to_assign, to_book = queries.waiting(who)
        yield frame.Task(_l("Bank lines to assign"), to_assign, url_for("bank.index"))
        files = url_for("bankfiles.overview", tab="preview")
        yield frame.Task(_l("Bank files to book"), to_book, files)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Lines by their reference, remitter, purpose or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            yield frame.Find(
                _("Bank line"),
                row.reference or row.remitter,
                f"{filters.day(row.day)} · {filters.money(row.amount)}",
                url_for("bank.show", name=row.public_id),
            )
