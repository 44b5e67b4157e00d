"""Signing in and out, one's own account, dealers, and the people at them."""

import re
from collections.abc import Container, Iterator
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, flash, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, login_user, logout_user
from werkzeug.utils import redirect

from portal.core.db import in_transaction, reading, session
from portal.core.documents import DocumentKind, register
from portal.core.errors import NotFound, Refusal
from portal.core.i18n import _, _l
from portal.core.permissions import PUBLIC, SIGNED_IN, Actor, Side
from portal.people import forms, history, policy, queries, services, sign_in
from portal.people.models import Dealer, User
from portal.web import frame, languages, lists, mail, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, is_safe, load, now

pages = Pages("people", __name__)

register(
    DocumentKind(
        User,
        _l("User"),
        "people.user",
        policy.visible_users,
        words=history.USER_WORDS,
        values=history.USER_VALUES,
    )
)
register(
    DocumentKind(
        Dealer,
        _l("Dealer"),
        "people.dealer",
        policy.visible_dealers,
        words=history.DEALER_WORDS,
        values=history.DEALER_VALUES,
    )
)
frame.room(55, _l("Dealers"), "dealers", "people.dealers", policy.DEALER_READ)
frame.room(65, _l("People"), "people", "people.users", policy.USER_READ)

_PLACE = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
             ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


# Signing in and out


def _own_address(target: str) -> str:
    """A place of ours to go on to: never another site's."""
    return target if _PLACE.fullmatch(target) else "/"


def _page_before() -> str:
    """The page of ours that a form was sent from."""
    before = urlsplit(request.referrer or "")
    place = urlunsplit(("", "", before.path, before.query, ""))
    return place if before.netloc == request.host else ""


def _sign_in_page(form: forms.SignIn) -> ResponseReturnValue:
    return render("people/sign_in.html", form=form, status=form.status)


@pages.get("/sign-in", needs=PUBLIC)
def sign_in_page() -> ResponseReturnValue:
    """The way in."""
    if current_user.is_authenticated:
        return redirect(_own_address(request.args.get("next", "/")), 303)
    return _sign_in_page(forms.SignIn(data={"next": request.args.get("next", "")}))


@pages.post("/sign-in", needs=PUBLIC, own_transactions=True)
def do_sign_in() -> ResponseReturnValue:
    """Begin a new session; the one before it, if any, ends (no fixation)."""
    form = forms.SignIn()
    if form.validate_on_submit():
        try:
            person = _let_in(form.email.data, form.password.data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            cookie.clear()
            login_user(person)
            return redirect(_own_address(form.next.data or "/"), 303)
    return _sign_in_page(form)


def _let_in(email: str, password: str) -> sign_in.SignedIn:
    """Check name and password, with the brake on and no transaction held meanwhile."""
    address, at = (request.remote_addr or "")[:60], now()
    attempt = in_transaction(lambda: sign_in.try_in(email, address=address, now=at))
    with reading():
        is_allowed = sign_in.allow(attempt, email, address=address, now=at)
    if not is_allowed:
        in_transaction(lambda: sign_in.forget(attempt))
        raise sign_in.TooManyAttempts()
    with reading():
        user = sign_in.check(email, password)

    def begin() -> sign_in.SignedIn | None:
        if current_user.is_authenticated:
            sign_in.end(current_user.session_id, now=at)
        elif user.language is None:
            fresh = session.get_one(User, user.id)
            services.set_preferences(fresh, language=current_user.language)
        token = sign_in.begin(user, address=address, agent=request.user_agent.string, now=at)
        session.flush()
        return sign_in.find(token, at)

    person = in_transaction(begin)
    assert person is not None  # whose row it locked
    return person


@pages.post("/sign-out", needs=SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this session, here and on the server; the language stays."""
    sign_in.end(current_user.session_id, now=now())
    kept = {"language": current_user.language, "theme": current_user.theme}
    logout_user()
    cookie.clear()
    cookie.update({name: value for name, value in kept.items() if value})
    return go("people.sign_in_page")


@pages.post("/preferences", needs=PUBLIC)
def preferences() -> ResponseReturnValue:
    """Set language or theme: for the person, or for this browser while nobody is signed in."""
    language = _chosen("language", languages.NATIVE)
    theme = _chosen("theme", dict(forms.THEMES))
    if current_user.is_authenticated:
        when = _chosen("mail", dict(forms.MAIL))
        services.set_preferences(queries.own(actor()), language=language, theme=theme, mail=when)
    else:
        cookie.update({k: v for k, v in (("language", language), ("theme", theme)) if v})
    return redirect(_own_address(request.form.get("next", "/")), 303)


def _chosen(name: str, known: Container[str]) -> str | None:
    """What was chosen in a field, if it is something to choose."""
    value = request.form.get(name)
    return value if value in known else None


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody who is not signed in: the browser keeps what they chose."""

    actor = None
    id = None

    @property
    def language(self) -> str | None:
        return cookie.get("language")

    @property
    def theme(self) -> str:
        return str(cookie.get("theme", "auto"))


def init_app(app: Flask) -> None:
    """Let Flask-Login find the person of a request by the session's token."""
    manager = LoginManager(app)
    manager.anonymous_user = Visitor
    manager.session_protection = None
    manager.user_loader(lambda token: sign_in.find(token, now()))

    @manager.unauthorized_handler  # type: ignore[untyped-decorator]
    def _unauthorized() -> ResponseReturnValue:
        target = request.full_path.rstrip("?")
        way_in = url_for("people.sign_in_page", next=None if target == "/" else target)
        if request.headers.get("HX-Request") == "true":
            # A fragment's place is no place for the sign-in page, and the page may hold what
            # was typed: its script says what happened, and leads to the sign-in.
            return "", 401
        if not is_safe():
            form = forms.SignIn(formdata=None, data={"next": _page_before()})
            return render("people/sign_in.html", form=form, has_ended=True, status=401)
        return redirect(way_in, 303)


# One's own account


@pages.get("/profile", needs=SIGNED_IN)
def account() -> ResponseReturnValue:
    """What the portal knows of me, how it looks to me, and where I am signed in."""
    return _account_page()


@pages.post("/profile/password", needs=SIGNED_IN)
def change_password() -> ResponseReturnValue:
    """Change my password; my other sessions end."""
    form = forms.OwnPassword()
    if form.validate_on_submit():
        with form.refusals():
            services.set_password(
                queries.own(actor()),
                old=form.old.data,
                new=form.new.data,
                keep_session=current_user.session_id,
                by=actor(),
                now=now(),
            )
            flash(_("Your password is changed. Your other sessions have ended."), "success")
            return go("people.account")
    return _account_page(form)


@pages.post("/profile/sessions/<name>", needs=SIGNED_IN)
def end_session(name: str) -> ResponseReturnValue:
    """End one of my sessions."""
    if not sign_in.end_named(name, current_user.id, now=now()):
        raise NotFound()
    return go("people.account", _anchor="sessions")


@pages.post("/profile/sessions", needs=SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    """End all of my sessions but this one."""
    sign_in.end_all(current_user.id, now=now(), but=current_user.session_id)
    return go("people.account", _anchor="sessions")


def _account_page(form: forms.OwnPassword | None = None) -> ResponseReturnValue:
    mine = queries.own(actor())
    wishes = {"language": languages.code(), "theme": mine.theme, "mail": mine.mail}
    return render(
        "people/account.html",
        status=form.status if form else 200,
        company=queries.company(actor()),
        form=form or forms.OwnPassword(formdata=None),
        wishes=forms.Preferences(formdata=None, data=wishes),
        sends_mail=mail.server() is not None,
        sessions=queries.open_sessions(current_user.id, now()),
        device=device,
    )


def device(agent: str) -> str:
    """A browser's own description in two words: ``Firefox, Windows``."""
    names = [
        next((name for mark, name in known if mark in agent), "") for known in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, names)) or agent[:40] or _("unknown")


# Dealers


@pages.get("/dealers", needs=policy.DEALER_READ)
def dealers() -> ResponseReturnValue:
    """The list of dealers."""
    text = lists.typed()
    return render(
        "people/dealers.html",
        fragments={"results"},
        q=text,
        listed=lists.page_by(queries.dealers(actor(), text), Dealer.code),
        may_manage=actor().can(policy.DEALER_MANAGE),
    )


@pages.get("/dealers/new", needs=policy.DEALER_MANAGE)
def new_dealer() -> ResponseReturnValue:
    """The form for a dealer."""
    return _dealer_form(forms.NewDealer(data={"country": "CN", "zone": "Asia/Shanghai"}))


@pages.post("/dealers/new", needs=policy.DEALER_MANAGE)
def add_dealer() -> ResponseReturnValue:
    """Add a dealer."""
    form = forms.NewDealer()
    if form.validate_on_submit():
        with form.refusals():
            made = services.add_dealer(form.facts(form.code.data), by=actor(), now=now())
            flash(_("The dealer is added, and its account is open."), "success")
            return go("people.dealer", name=made.public_id)
    return _dealer_form(form)


@pages.get("/dealers/<name>", needs=SIGNED_IN)
def dealer(name: str) -> ResponseReturnValue:
    """One dealer with its people; a dealer's people see their own company."""
    dealer = load(Dealer, name)
    return render(
        "people/dealer.html",
        dealer=dealer,
        people=queries.people_of(dealer, actor()),
        state=User.workflow.state,
        country=forms.country_name(dealer.country),
        entries=timeline.of(dealer),
    )


@pages.get("/dealers/<name>/edit", needs=policy.DEALER_MANAGE)
def edit_dealer(name: str) -> ResponseReturnValue:
    """The form for what is known of a dealer."""
    dealer = load(Dealer, name)
    return _dealer_form(forms.DealerForm(obj=dealer, data={"seen": dealer.version}), dealer)


@pages.post("/dealers/<name>/edit", needs=policy.DEALER_MANAGE)
def change_dealer(name: str) -> ResponseReturnValue:
    """Change what is known of a dealer."""
    dealer = load(Dealer, name)
    form = forms.DealerForm()
    if form.validate_on_submit():
        with form.refusals():
            services.change_dealer(
                dealer, form.facts(dealer.code), seen=form.seen.data, by=actor(), now=now()
            )
            flash(_("The dealer is saved."), "success")
            return go("people.dealer", name=name)
    return _dealer_form(form, dealer)


def _dealer_form(form: forms.DealerForm, dealer: Dealer | None = None) -> ResponseReturnValue:
    if dealer is not None:
        form.now_shows(dealer.version)
    return render("people/dealer_form.html", form=form, dealer=dealer, status=form.status)


# People


def _tabs() -> list[lists.Tab]:
    return [
        lists.Tab("active", _l("Active"), User.status == "active"),
        lists.Tab("deactivated", _l("Deactivated"), User.status == "deactivated"),
    ]


@pages.get("/users", needs=policy.USER_READ)
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
    """Add a person."""
    company = queries.employer(request.args.get("dealer", ""), actor())
    form = forms.NewUser("dealer" if company else "hq")
    if form.validate_on_submit():
        with form.refusals():
            made = services.add_user(
                email=form.email.data,
                name=form.name.data,
                password=form.password.data,
                roles=form.roles.data,
                dealer=company,
                language=form.language.data,
                by=actor(),
                now=now(),
            )
            flash(_("%(name)s is added and can sign in.", name=made.name), "success")
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
    """Shut a person out, or let them in again (P5)."""
    user = load(User, name)
    known, form = steps.direct(user, step), steps.form_for(step)
    change = services.deactivate if step == "deactivate" else services.activate

    def do() -> None:
        change(user, seen=form.seen.data, reason=form.reason.data or "", by=actor(), now=now())

    return steps.taken(user, form, do, told=known.told) or _user_page(user, form)


@pages.get("/users/<name>/password", needs=policy.USER_MANAGE)
def new_password(name: str) -> ResponseReturnValue:
    """The form for a password in place of a forgotten one."""
    return _password_form(load(User, name), forms.NewPassword())


@pages.post("/users/<name>/password", needs=policy.USER_MANAGE)
def reset_password(name: str) -> ResponseReturnValue:
    """Give somebody a new password in place of a forgotten one."""
    user = load(User, name)
    form = forms.NewPassword()
    if form.validate_on_submit():
        with form.refusals():
            services.reset_password(user, form.password.data, by=actor(), now=now())
            flash(_("The password is changed, and the person is signed out."), "success")
            return go("people.user", name=name)
    return _password_form(user, form)


def _side(user: User) -> Side:
    return user.actor.side


def _user_page(user: User, form: ActionForm | None = None) -> ResponseReturnValue:
    return render(
        "people/user.html",
        status=form.status if form else 200,
        user=user,
        company=queries.dealer_of(user),
        state=user.workflow.state(user.status),
        steps=[] if user.id == actor().id else steps.of(user, "people.act"),
        form=form,
        is_self=user.id == actor().id,
        may_manage=actor().can(policy.USER_MANAGE),
        sessions=queries.open_sessions(user.id, now()),
        last_sign_in=queries.last_sign_in(user),
        entries=timeline.of(user),
        languages_by_code=languages.NATIVE,
    )


def _user_form(
    form: forms.UserForm, company: Dealer | None, user: User | None = None
) -> ResponseReturnValue:
    if user is not None:
        form.now_shows(user.version)
    return render(
        "people/user_form.html", form=form, company=company, user=user, status=form.status
    )


def _password_form(user: User, form: forms.NewPassword) -> ResponseReturnValue:
    return render("people/password_form.html", form=form, user=user, status=form.status)


@frame.finder
def find(actor: Actor, text: str) -> Iterator[frame.Find]:
    """Dealers for headquarters, and people for whoever manages them."""
    if actor.can(policy.DEALER_READ):
        for row in queries.first(queries.dealers(actor, text), Dealer.created_at):
            url = url_for("people.dealer", name=row.public_id)
            yield frame.Find(_("Dealer"), row.name, f"{row.code} · {row.city}", url)
    if actor.can(policy.USER_READ):
        for row in queries.first(queries.users(actor, text, None), User.created_at):
            url = url_for("people.user", name=row.public_id)
            text = " · ".join(filter(None, (row.email, row.dealer)))
            yield frame.Find(_("Person"), row.name, text, url)
