"""The people who sign in: at a dealer, and at headquarters."""

from collections.abc import Iterator
from typing import Any

from flask import flash, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor, Role, Side
from portal.core.workflow import Transition
from portal.people import (
    access_links,
    duties,
    forms,
    history,
    policy,
    queries,
    second_factor,
    services,
)
from portal.people.models import Dealer, User
from portal.web import filters, frame, languages, lists, mail, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.links import public_url_for
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("people", __name__)
SHOWN_LINK = "shown_link"
"""What a browser keeps of a link until its page is shown."""

register(
    DocumentKind(
        User,
        _l("User"),
        "people.user",
        policy.visible_users,
        words=history.USER_WORDS,
        tells={"money_role": policy.USER_WATCH},
        values=history.USER_VALUES,
    )
)
frame.room(65, _l("People"), "people", "people.users", policy.USER_LIST)


def _tabs() -> list[lists.Tab]:
    return [
        lists.Tab("active", _l("Active"), User.status == "active"),
        lists.Tab("invited", _l("Invited"), User.status == "invited"),
        lists.Tab("deactivated", _l("Deactivated"), User.status.in_(("deactivated", "withdrawn"))),
    ]


@pages.get("/users", needs=policy.USER_LIST)
def users() -> ResponseReturnValue:
    """The list of people: everybody's for headquarters, one's own company's for a manager."""
    text = lists.typed()
    tabs = _tabs()
    statement = queries.users(actor(), text, lists.current(tabs).where)
    numbers = lists.counts(User, queries.users_scope(actor(), text), tabs)
    return render(
        "people/users.html",
        fragments={"results"},
        q=text,
        tabs=lists.tab_items(tabs, numbers),
        tab=lists.current(tabs).name,
        listed=lists.page(statement, User.created_at, User.id),
        state=User.workflow.state,
        may_manage=actor().can(policy.USER_MANAGE),
    )


@pages.get("/users/new", needs=policy.USER_MANAGE)
def new_user() -> ResponseReturnValue:
    """The form for a person at one's own company, at a dealer, or at headquarters."""
    company = queries.employer(request.args.get("dealer", ""), actor())
    form = forms.NewUser("dealer" if company else "hq", data={"language": languages.code()})
    return _user_form(form, company)


@pages.post("/users/new", needs=policy.USER_MANAGE)
def add_user() -> ResponseReturnValue:
    """Invite a person."""
    company = queries.employer(request.args.get("dealer", ""), actor())
    form = forms.NewUser("dealer" if company else "hq")
    if form.validate_on_submit():
        with form.refusals():
            made, token = services.invite(
                email=form.email.data,
                name=form.name.data,
                roles=form.roles.data,
                dealer=company,
                language=form.language.data,
                by=actor(),
                now=now(),
            )
            flash(_told(made, token), "success")
            return go("people.user", name=made.public_id)
    return _user_form(form, company)


@pages.get("/users/<name>", needs=policy.USER_READ)
def user(name: str) -> ResponseReturnValue:
    """One person."""
    return _user_page(load(User, name))


@pages.get("/users/<name>/edit", needs=policy.USER_MANAGE)
def edit_user(name: str) -> ResponseReturnValue:
    """The form for a person's name and roles."""
    user = load(User, name)
    form = forms.UserForm(_side(user), obj=user, data={"seen": user.version})
    return _user_form(form, queries.dealer_of(user), user)


@pages.post("/users/<name>/edit", needs=policy.USER_MANAGE)
def change_user(name: str) -> ResponseReturnValue:
    """Change a person's name and roles."""
    user = load(User, name)
    form = forms.UserForm(_side(user))
    if form.validate_on_submit():
        with form.refusals():
            services.change_user(
                user,
                name=form.name.data,
                roles=form.roles.data,
                seen=form.seen.data,
                by=actor(),
                now=now(),
            )
            flash(_("The person is saved."), "success")
            return go("people.user", name=name)
    return _user_form(form, queries.dealer_of(user), user)


@pages.post("/users/<name>/steps/<step>", needs=policy.USER_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Shut a person out, let them in again (P5), or have them set a password."""
    user = load(User, name)
    known, form = steps.direct(user, step), steps.form_for(step)
    told: list[Any] = [known.told]

    def do() -> None:
        asked = {"seen": form.seen.data, "by": actor(), "now": now()}
        if step == "take_factor":
            second_factor.take_off(user, reason=form.reason.data or "", **asked)
        elif step == "withdraw":
            services.withdraw(user, **asked)
        elif step in ("invite_again", "renew"):
            told.append(_told(user, services.give_link(user, **asked)))
        else:
            change = services.deactivate if step == "deactivate" else services.activate
            change(user, reason=form.reason.data or "", **asked)

    sentences = lambda: " ".join(map(str, told))  # noqa: E731
    return steps.taken(user, form, do, told=sentences) or _user_page(user, form)


def _told(user: User, token: str | None) -> str:
    """Where the link is: in a letter, or on the next page that this browser shows, once."""
    if token is None:
        return str(_("A letter with a link is on its way to %(address)s.", address=user.email))
    cookie[SHOWN_LINK] = [user.public_id, public_url_for("access.show", token=token)]
    return str(_("No mail server is set up, so the link stands here. It is shown once."))


def _side(user: User) -> Side:
    return user.actor.side


def _steps(user: User, has_factor: bool) -> list[tuple[Transition, str]]:
    """The steps, without those that would be refused: no factor to take off, no way for a link."""
    useless = set() if has_factor else {"take_factor"}
    useless |= set() if mail.server() else {"renew"}
    return [one for one in steps.of(user, "people.act") if one[0].name not in useless]


def _user_page(user: User, form: ActionForm | None = None) -> ResponseReturnValue:
    has_factor = second_factor.is_on(user.id)
    return render(
        "people/user.html",
        status=form.status if form else 200,
        user=user,
        company=queries.dealer_of(user),
        state=user.workflow.state(user.status),
        steps=[] if user.id == actor().id else _steps(user, has_factor),
        has_factor=has_factor,
        form=form,
        is_self=user.id == actor().id,
        sends_mail=mail.server() is not None,
        may_manage=actor().can(policy.USER_MANAGE),
        may_list=actor().can(policy.USER_LIST),
        sessions=queries.open_sessions(user.id, now()),
        last_sign_in=queries.last_sign_in(user),
        entries=timeline.of(user),
        link=_shown_link(user),
        newest_link=access_links.newest(user.id),
        languages_by_code=languages.NATIVE,
    )


def _user_form(
    form: forms.UserForm, company: Dealer | None, user: User | None = None
) -> ResponseReturnValue:
    if user is not None:
        form.now_shows(user.version)
    return render(
        "people/user_form.html",
        form=form,
        company=company,
        user=user,
        kept=_kept_conflict(user),
        status=form.status,
    )


def _kept_conflict(user: User | None) -> str:
    """That somebody has roles that nobody is given together any more."""
    for found, why in duties.conflicts(user.roles) if user else ():
        names = filters.listed(role.label for role in Role if role in found)
        sentence = _(
            "%(roles)s: nobody is given these roles together any more. %(why)s "
            "They stay until you take one away.",
            roles=names, why=why,
        )  # fmt: skip
        return str(sentence)
    return ""


def _shown_link(user: User) -> str:
    """The link that was made just now for this person, if any."""
    name, url = cookie.get(SHOWN_LINK, ("", ""))
    if name != user.public_id:
        return ""
    del cookie[SHOWN_LINK]
    return str(url)


@frame.finder
def find(actor: Actor, text: str) -> Iterator[frame.Find]:
    """People, for whoever manages them."""
    if actor.can(policy.USER_LIST):
        for row in queries.first(queries.users(actor, text, None), User.created_at):
            url = url_for("people.user", name=row.public_id)
            text = " · ".join(filter(None, (row.email, row.dealer)))
            yield frame.Find(_("Person"), row.name, text, url)
