"""Dealers: their list, and what is known of each."""

from collections.abc import Iterator

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import SIGNED_IN, Actor
from portal.people import forms, history, policy, queries, services
from portal.people.models import Dealer, User
from portal.web import frame, lists, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("dealers", __name__)

register(
    DocumentKind(
        Dealer,
        _l("Dealer"),
        "dealers.show",
        policy.visible_dealers,
        words=history.DEALER_WORDS,
        values=history.DEALER_VALUES,
    )
)
frame.room(55, _l("Dealers"), "dealers", "dealers.index", policy.DEALER_READ)


def _tabs() -> list[lists.Tab]:
    states = Dealer.workflow.states
    return [lists.Tab("all", _l("All"))] + [
        lists.tab_of(state.name, state.label, Dealer.status, state.name) for state in states
    ]


@pages.get("/dealers", needs=policy.DEALER_READ)
def index() -> ResponseReturnValue:
    """The list of dealers."""
    text, tabs = lists.typed(), _tabs()
    tab = lists.current(tabs)
    numbers = lists.counts(Dealer, queries.dealers_scope(actor(), text), tabs)
    return render(
        "people/dealers.html",
        fragments={"results"},
        q=text,
        tabs=lists.tab_items(tabs, numbers),
        tab=tab.name,
        listed=lists.page_by(queries.dealers(actor(), text, tab.where), Dealer.code),
        state=lists.states(Dealer.workflow),
        may_manage=actor().can(policy.DEALER_MANAGE),
    )


@pages.get("/dealers/new", needs=policy.DEALER_MANAGE)
def new() -> ResponseReturnValue:
    """The form for a dealer."""
    return _form(forms.NewDealer(data={"country": "CN", "zone": "Asia/Shanghai"}))


@pages.post("/dealers/new", needs=policy.DEALER_MANAGE)
def add() -> ResponseReturnValue:
    """Add a dealer."""
    form = forms.NewDealer()
    if form.validate_on_submit():
        with form.refusals():
            made = services.add_dealer(form.facts(form.code.data), by=actor(), now=now())
            flash(_("The dealer is added, and its account is open."), "success")
            return go("dealers.show", name=made.public_id)
    return _form(form)


@pages.get("/dealers/<name>", needs=SIGNED_IN)
def show(name: str) -> ResponseReturnValue:
    """One dealer with its people; a dealer's people see their own company."""
    return _page(load(Dealer, name))


@pages.post("/dealers/<name>/steps/<step>", needs=policy.DEALER_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Freeze a dealer, or let it work again."""
    dealer = load(Dealer, name)
    answer, form = steps.act(dealer, step, services.step_dealer)
    return answer or _page(dealer, form)


def _page(dealer: Dealer, form: ActionForm | None = None) -> ResponseReturnValue:
    return render(
        "people/dealer.html",
        status=form.status if form else 200,
        dealer=dealer,
        stands=Dealer.workflow.state(dealer.status),
        steps=steps.of(dealer, "dealers.act"),
        form=form,
        people=queries.people_of(dealer, actor()),
        state=User.workflow.state,
        country=forms.country_name(dealer.country),
        entries=timeline.of(dealer),
    )


@pages.get("/dealers/<name>/edit", needs=policy.DEALER_MANAGE)
def edit(name: str) -> ResponseReturnValue:
    """The form for what is known of a dealer."""
    dealer = load(Dealer, name)
    return _form(forms.DealerForm(obj=dealer, data={"seen": dealer.version}), dealer)


@pages.post("/dealers/<name>/edit", needs=policy.DEALER_MANAGE)
def change(name: str) -> ResponseReturnValue:
    """Change what is known of a dealer."""
    dealer = load(Dealer, name)
    form = forms.DealerForm()
    if form.validate_on_submit():
        with form.refusals():
            services.change_dealer(
                dealer, form.facts(dealer.code), seen=form.seen.data, by=actor(), now=now()
            )
            flash(_("The dealer is saved."), "success")
            return go("dealers.show", name=name)
    return _form(form, dealer)


def _form(form: forms.DealerForm, dealer: Dealer | None = None) -> ResponseReturnValue:
    if dealer is not None:
        form.now_shows(dealer.version)
    return render("people/dealer_form.html", form=form, dealer=dealer, status=form.status)


@frame.finder
def find(actor: Actor, text: str) -> Iterator[frame.Find]:
    """Dealers, for headquarters."""
    if actor.can(policy.DEALER_READ):
        for row in queries.first(queries.dealers(actor, text, None), Dealer.created_at):
            url = url_for("dealers.show", name=row.public_id)
            yield frame.Find(_("Dealer"), row.name, f"{row.code} · {row.city}", url)
