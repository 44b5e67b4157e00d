"""The pages of charges for old parts that headquarters never got (O6)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.core.documents import DocumentKind, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.queries import of_document
from portal.files.views import linked, with_uploads
from portal.ledger import services as ledger
from portal.oldparts import (
    charge_queries as queries,
)
from portal.oldparts import charges as services
from portal.oldparts import (
    checks,  # noqa: F401 - the books are checked with them
    policy,
    timers,  # noqa: F401 - the worker calls them
)
from portal.oldparts.charge_forms import DisputeForm
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.history import CHARGE_ALONE, CHARGE_VALUES, CHARGE_WORDS
from portal.oldparts.models import OldPart
from portal.web import filters, frame, languages, lists, steps, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("oldpartcharges", __name__, url_prefix="/old-parts/charges")
register(
    DocumentKind(
        OldPartCharge,
        _l("Old-part charge"),
        "oldpartcharges.show",
        policy.visible_charges,
        words=CHARGE_WORDS,
        alone=CHARGE_ALONE,
        values=CHARGE_VALUES,
    )
)


def shown() -> lists.Selection:
    """What the URL asks for of the charges."""
    return lists.Selection(
        queries.listed(actor(), lists.typed(), languages.code()),
        OldPartCharge.created_at,
        OldPartCharge.id,
        tab=lists.current(queries.TABS),
    )


@pages.get("", needs=policy.READ_CHARGES)
def index() -> ResponseReturnValue:
    """The list of charges."""
    text = lists.typed()
    numbers = lists.counts(OldPartCharge, queries.scope(actor(), text), queries.TABS)
    return render(
        "oldpartcharges/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        state=lists.states(OldPartCharge.workflow),
    )


@pages.get("/<name>", needs=policy.READ_CHARGES)
def show(name: str) -> ResponseReturnValue:
    """One charge with all that it was worked out from."""
    return _page(load(OldPartCharge, name))


def _page(charge: OldPartCharge, form: Any = None) -> ResponseReturnValue:
    state = charge.workflow.state(charge.status)
    taken = [
        *steps.of(charge, {"dispute": "oldpartcharges.dispute"} if _may_answer(charge) else {}),
        *steps.of(charge, "oldpartcharges.act"),
    ]
    known = queries.facts_of(charge, languages.code())
    return render(
        "oldpartcharges/show.html",
        status=form.status if form else 200,
        charge=charge,
        state=state,
        steps=taken,
        facts_of=known,
        register_within=filters.span(known.days, "day") if known.days else "",
        late=queries.registered_after(charge, actor()),
        old_part_state=OldPart.workflow.state,
        photos=linked(of_document(charge)),
        may_answer=_may_answer(charge),
        entry=ledger.booked(services.cause_of(charge)),
        entries=timeline.of(charge),
        form=form,
    )


def _may_answer(charge: OldPartCharge) -> bool:
    in_time = charge.answer_by is not None and charge.answer_by >= now()
    return charge.status == "charged" and in_time


@pages.post("/<name>/steps/<step>", needs=policy.READ_CHARGES)
def act(name: str, step: str) -> ResponseReturnValue:
    """Charge or waive what had no price; uphold or reverse what was charged."""
    charge = load(OldPartCharge, name)
    answer, form = steps.act(charge, step, services.act)
    return answer or _page(charge, form)


@pages.get("/<name>/dispute", needs=policy.DISPUTE_CHARGE)
def dispute(name: str) -> ResponseReturnValue:
    """What the dealer says against a charge, with evidence."""
    charge = load(OldPartCharge, name)
    if not _may_answer(charge):
        flash(str(WrongState()), "warning")
        return go("oldpartcharges.show", name=name)
    return _dispute_page(charge, DisputeForm(data={"seen": charge.version}))


def _dispute_page(charge: OldPartCharge, form: DisputeForm) -> ResponseReturnValue:
    form.now_shows(charge.version)
    return render(
        "oldpartcharges/dispute.html",
        status=form.status,
        charge=charge,
        facts_of=queries.facts_of(charge, languages.code()),
        form=form,
    )


@pages.post("/<name>/dispute", needs=policy.DISPUTE_CHARGE, own_transactions=True)
@with_uploads("photos")
def send_dispute(name: str) -> ResponseReturnValue:
    """Dispute a charge: finance decides on it."""
    charge = load(OldPartCharge, name)
    form = DisputeForm()

    def do() -> None:
        services.dispute(
            charge,
            form.reason.data or "",
            form.photos.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("Sent. Headquarters' finance decides on it.")
    return steps.taken(charge, form, do, told=told) or _dispute_page(charge, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The charges that somebody has to decide on, and those that a dealer may still dispute."""
    if who.can(policy.DISPUTE_CHARGE):
        row = queries.disputable(who, at)
        url = url_for("oldpartcharges.index", tab="charged")
        yield frame.Task(_l("Old-part charges to accept or dispute"), row.number, url, row.first)
    for needs, tab, label in (
        (policy.CHARGE, "unpriced", _l("Old-part charges without a price")),
        (policy.DECIDE_CHARGE, "disputed", _l("Disputed old-part charges")),
    ):
        if who.can(needs):
            url = url_for("oldpartcharges.index", tab=tab)
            yield frame.Task(label, queries.waiting(who, tab), url)


@frame.finder
def _find(who: Actor, text: str) -> Iterator[frame.Find]:
    if not who.can(policy.READ_CHARGES):
        return
    for row in queries.found(who, text, languages.code()):
        yield frame.Find(
            _l("Old-part charge"),
            row.number,
            " · ".join(filter(None, (row.part_number, row.part_name, filters.money(row.amount)))),
            url_for("oldpartcharges.show", name=row.public_id),
        )
