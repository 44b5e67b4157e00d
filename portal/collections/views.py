"""The pages of consignments: the list, one of them, and how headquarters ends it (O7)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.collections import leaving as leaving  # it listens to events
from portal.collections import policy, queries, receiving
from portal.collections import timers as timers  # the worker finds them
from portal.collections.history import VALUES, WORDS
from portal.collections.models import Consignment
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS, payment_column
from portal.oldparts.queries import Whereabouts, tells_whereabouts
from portal.oldparts.way import Stop, tells_way
from portal.web import frame, languages, lists, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, load, now

pages = Pages("collections", __name__, url_prefix="/collections")
register(
    DocumentKind(
        Consignment,
        _l("Consignment"),
        "collections.show",
        policy.visible_consignments,
        words=WORDS,
        values=VALUES,
    )
)
frame.room(25, _l("Collections"), "box", "collections.index", policy.READ)
STEPS = {"send": "packing.sending", "finish": "receiving.finishing"}


def shown() -> lists.Selection:
    """What the URL asks for of the consignments; what waits comes with the first one first."""
    tab = lists.current(queries.tabs(now()))
    return lists.Selection(
        queries.listed(actor(), lists.typed(), tab),
        Consignment.created_at,
        Consignment.id,
        oldest_first=tab.name in ("called", "late", "sent"),
    )


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of consignments."""
    tabs, text = queries.tabs(now()), lists.typed()
    numbers = lists.counts(Consignment, queries.scope(actor(), text), tabs)
    return render(
        "collections/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(tabs, numbers),
        tab=lists.current(tabs),
        q=text,
        state=lists.states(Consignment.workflow),
        at=now(),
    )


def _page(consignment: Consignment, form: ActionForm | None = None) -> ResponseReturnValue:
    text = lists.typed()
    tabs = queries.PIECE_TABS if consignment.status == "called" else queries.ARRIVED_TABS
    found = queries.pieces(consignment, text, lists.current(tabs), languages.code())
    found = found.add_columns(payment_column(actor()))
    numbers = lists.counts(queries.piece_table(), queries.piece_scope(consignment, text), tabs)
    return render(
        "collections/show.html",
        fragments={"results"},
        status=form.status if form else 200,
        consignment=consignment,
        facts=queries.facts_of(consignment),
        boxes=queries.boxes_of(consignment),
        state=Consignment.workflow.state(consignment.status),
        steps=steps.of(consignment, STEPS) + _ends(consignment),
        entries=timeline.of(consignment),
        listed=lists.page(found, OldPart.created_at, OldPart.id),
        tabs=lists.tab_items(tabs, numbers),
        tab=lists.current(tabs),
        q=text,
        piece_state=lists.states(OldPart.workflow),
        payments=PAYMENTS,
        open_states=receiving.OPEN,
        form=form,
        at=now(),
    )


def _ends(consignment: Consignment) -> list[Any]:
    """The ways to end it; as missing only once it is overdue."""
    ways = steps.of(consignment, "collections.act")
    overdue = receiving.is_overdue(consignment, now())
    return [way for way in ways if overdue or way[0].name != "charge"]


@pages.get("/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One consignment."""
    return _page(load(Consignment, name))


@pages.post("/<name>/steps/<step>", needs=policy.CALL)
def act(name: str, step: str) -> ResponseReturnValue:
    """End it: the pieces need not be sent, or are missing (O7)."""
    consignment = load(Consignment, name)
    known, form = steps.direct(consignment, step), steps.form_for(step)

    def do() -> None:
        receiving.end(consignment, step, **form.asked(), by=actor(), now=now())

    return steps.taken(consignment, form, do, told=known.told) or _page(consignment, form)


@tells_whereabouts
def _whereabouts(old_part: OldPart, who: Actor) -> Whereabouts | None:
    found = queries.of_piece(old_part, who)
    if found is None:
        return None
    where = [_("Box %(box)d", box=found.box)] if found.box else []
    if found.place and not who.is_dealer:
        where.append(_("Storage place %(place)s", place=found.place))
    address = url_for("collections.show", name=found.public_id)
    return Whereabouts(found.number, address, " · ".join(map(str, where)))


@tells_way
def _way(old_part: OldPart, who: Actor) -> dict[str, Stop]:
    found = queries.of_piece(old_part, who)
    if found is None:
        return {}
    address = url_for("collections.show", name=found.public_id)
    return {"collected": Stop(found.at, found.number, address)}


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    if who.can(policy.SEND):
        to_send = queries.waiting(who, "called", at)
        yield frame.Task(
            _l("Called old parts to send"),
            to_send.number,
            url_for("collections.index", tab="called"),
            to_send.first,
            to_send.late,
        )
    if who.can(policy.RECEIVE):
        yield frame.Task(
            _l("Consignments to receive"),
            queries.waiting(who, "sent", at).number,
            url_for("collections.index", tab="sent"),
        )
    if who.can(policy.CALL):
        late = queries.late(who, at)
        yield frame.Task(
            _l("Called old parts that were not sent in time"),
            late,
            url_for("collections.index", tab="late"),
            overdue=late,
        )


@frame.finder
def _find(who: Actor, text: str) -> Iterator[frame.Find]:
    if who.can(policy.READ):
        for row in queries.found(who, text):
            facts = (row.dealer_name, row.collection, row.carrier, row.tracking_number)
            yield frame.Find(
                _l("Consignment"),
                row.number,
                " · ".join(filter(None, facts)),
                url_for("collections.show", name=row.public_id),
            )
