"""Signing in and out, one's own account, and the preferences."""

from urllib.parse import urlsplit

from flask import Flask, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, login_user, logout_user
from sqlalchemy import select
from werkzeug.utils import redirect

from portal.core.db import in_transaction, session
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _l
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import forms, policy, services, sign_in
from portal.people.models import Dealer, User
from portal.web import languages
from portal.web.htmx import render
from portal.web.routes import Pages, go, is_safe, now

pages = Pages("people", __name__)

register(DocumentKind(User, _l("User"), "people.user", policy.visible_users))
register(DocumentKind(Dealer, _l("Dealer"), "people.dealer", policy.visible_dealers))


def _own_address(target: str) -> str:
    """A place of ours to go on to: never another site's."""
    parts = urlsplit(target)
    is_ours = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if is_ours and not target.startswith(("//", "/\\")) else "/"


def _sign_in_page(form: forms.SignIn, status: int = 200) -> ResponseReturnValue:
    return render("people/sign_in.html", form=form, status=status)


@pages.get("/sign-in", needs=PUBLIC)
def sign_in_page() -> ResponseReturnValue:
    """The way in."""
    if current_user.is_authenticated:
        return go("home.index")
    return _sign_in_page(forms.SignIn(data={"next": request.args.get("next", "")}))


@pages.post("/sign-in", needs=PUBLIC, own_transactions=True)
def do_sign_in() -> ResponseReturnValue:
    """Begin a new session; the one before it, if any, is left behind (no fixation)."""
    form = forms.SignIn()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422)
    address, at = request.remote_addr or "", now()
    login = {"address": address, "now": at}

    def begin() -> sign_in.SignedIn | None:
        user = sign_in.check(form.email.data, form.password.data, **login)
        token = sign_in.begin(user, agent=request.user_agent.string, **login)
        session.flush()
        return sign_in.find(token, at)

    try:
        person = in_transaction(begin)
    except sign_in.WrongSignIn as refusal:
        in_transaction(lambda: sign_in.note_failure(form.email.data, **login))
        form.refuse(refusal)
        return _sign_in_page(form, form.status)
    except sign_in.TooManyAttempts as refusal:
        form.refuse(refusal)
        return _sign_in_page(form, form.status)
    cookie.clear()
    login_user(person)
    return redirect(_own_address(form.next.data or "/"), 303)


@pages.post("/sign-out", needs=SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this session, here and on the server."""
    sign_in.end(current_user.session_id, current_user.id, now=now())
    logout_user()
    cookie.clear()
    return go("people.sign_in_page")


@pages.post("/preferences", needs=PUBLIC)
def preferences() -> ResponseReturnValue:
    """Set language or theme: for the person, or for this browser while nobody is signed in."""
    language, theme = request.form.get("language"), request.form.get("theme")
    language = language if language in languages.CODES else None
    theme = theme if theme in ("auto", "light", "dark") else None
    if current_user.is_authenticated:
        user = session.scalars(select(User).where(User.id == current_user.id)).one()
        services.set_preferences(user, language=language, theme=theme)
    else:
        cookie.update({k: v for k, v in (("language", language), ("theme", theme)) if v})
    return redirect(_own_address(request.form.get("next", "/")), 303)


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

    @manager.unauthorized_handler
    def _unauthorized() -> ResponseReturnValue:
        if not is_safe():
            return render("people/sign_in.html", form=forms.SignIn(formdata=None), status=401)
        target = request.full_path.rstrip("?")
        return go("people.sign_in_page", next=None if target == "/" else target)
