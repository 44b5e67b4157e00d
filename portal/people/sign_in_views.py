"""Signing in and out, and who makes a request."""

from urllib.parse import urlsplit, urlunsplit

from flask import Flask, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, login_user, logout_user
from werkzeug.utils import redirect

from portal.core.db import in_transaction, reading, session
from portal.core.errors import Refusal
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import forms, services, sign_in
from portal.people.models import User
from portal.people.places import own_address
from portal.web.htmx import render
from portal.web.routes import Pages, go, is_safe, now

pages = Pages("signin", __name__)


def _page_before() -> str:
    """The page of ours that a form was sent from."""
    before = urlsplit(request.referrer or "")
    place = urlunsplit(("", "", before.path, before.query, ""))
    return place if before.netloc == request.host else ""


def _page(form: forms.SignIn) -> ResponseReturnValue:
    return render("people/sign_in.html", form=form, status=form.status)


@pages.get("/sign-in", needs=PUBLIC)
def page() -> ResponseReturnValue:
    """The way in."""
    if current_user.is_authenticated:
        return redirect(own_address(request.args.get("next", "/")), 303)
    return _page(forms.SignIn(data={"next": request.args.get("next", "")}))


@pages.post("/sign-in", needs=PUBLIC, own_transactions=True)
def enter() -> ResponseReturnValue:
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
            return redirect(own_address(form.next.data or "/"), 303)
    return _page(form)


def _let_in(email: str, password: str) -> sign_in.SignedIn:
    """Check name and password, with the brake on and no transaction held meanwhile."""
    address, at = (request.remote_addr or "")[:60], now()
    sign_in.count_try(email, address=address, now=at)
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
def leave() -> ResponseReturnValue:
    """End this session, here and on the server; the language stays."""
    sign_in.end(current_user.session_id, now=now())
    kept = {"language": current_user.language, "theme": current_user.theme}
    logout_user()
    cookie.clear()
    cookie.update({name: value for name, value in kept.items() if value})
    return go("signin.page")


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
        way_in = url_for("signin.page", next=None if target == "/" else target)
        if request.headers.get("HX-Request") == "true":
            # A fragment's place is no place for the sign-in page, and the page may hold what
            # was typed: its script says what happened, and leads to the sign-in.
            return "", 401
        if not is_safe():
            form = forms.SignIn(formdata=None, data={"next": _page_before()})
            return render("people/sign_in.html", form=form, has_ended=True, status=401)
        return redirect(way_in, 303)
