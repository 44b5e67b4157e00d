"""Signing in and out, and who makes a request."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, current_app, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, login_user, logout_user
from werkzeug.utils import redirect

from portal.core.db import in_transaction, reading, session
from portal.core.documents import relock
from portal.core.errors import Refusal
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import brake, devices, forms, passkeys, second_factor, services, sign_in
from portal.people.factor_views import site
from portal.people.models import User
from portal.people.places import own_address
from portal.web.htmx import render
from portal.web.routes import Pages, go, is_safe, now

pages = Pages("signin", __name__)
HALF_WAY, HALF_WAY_FOR = "half_way", timedelta(minutes=10)
"""What a browser keeps between the password and the code, and for how long."""


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
            user = _known(form.email.data, form.password.data)
            with reading():
                asks_more = second_factor.is_on(user.id)
            if asks_more:
                cookie[HALF_WAY] = [user.id, sign_in.digest(user.password_hash), now().isoformat()]
                return go("signin.code_page", next=form.next.data or None)
            person = in_transaction(lambda: _begin(user))
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return _in(person, form.next.data)
    return _page(form)


def _known(email: str, password: str) -> User:
    """Check name and password, with the brake on and no transaction held meanwhile."""
    sign_in.count_try(email, address=_address(), device=_device(email), now=now())
    with reading():
        return sign_in.check(email, password)


def _address() -> str:
    return (request.remote_addr or "")[:60]


def _device(email: str) -> str:
    """The number of this browser, if that person signed in with it before."""
    kept = request.cookies.get(devices.COOKIE)
    return devices.known(kept, email, key=current_app.config["SECRET_KEY"])


def _begin(user: User, *, by_factor: bool = False) -> sign_in.SignedIn:
    """Begin a person's session, and end the one before it in this browser.

    WrongSignIn if a second factor was turned on since the password was checked.
    """
    if current_user.is_authenticated:
        sign_in.end(current_user.session_id, now=now())
    elif user.language is None:
        fresh = session.get_one(User, user.id)
        services.set_preferences(fresh, language=current_user.language)
    agent = request.user_agent.string
    device = _device(user.email)
    token = sign_in.begin(user, address=_address(), agent=agent, device=device, now=now())
    session.flush()
    if not by_factor and second_factor.is_on(user.id):
        raise sign_in.WrongSignIn()
    person = sign_in.find(token, now())
    assert person is not None  # whose row it locked
    return person


def _in(person: sign_in.SignedIn, target: str | None) -> ResponseReturnValue:
    """Let somebody in: the cookie is a new one. The browser is known to them from now on."""
    cookie.clear()
    login_user(person)
    answer = redirect(own_address(target or "/"), 303)
    kept, config = request.cookies.get(devices.COOKIE), current_app.config
    answer.set_cookie(
        devices.COOKIE,
        devices.add(kept, person.email, key=config["SECRET_KEY"]),
        max_age=devices.LIVES,
        path=url_for("signin.page"),
        secure=config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer


# The second factor


@pages.get("/sign-in/code", needs=PUBLIC)
def code_page() -> ResponseReturnValue:
    """The second half of the way in."""
    if _half_way() is None:
        return go("signin.page", next=request.args.get("next"))
    return _code_page(forms.SignInCode(data={"next": request.args.get("next", "")}))


@pages.post("/sign-in/code", needs=PUBLIC, keeps_refused=True)
def enter_code() -> ResponseReturnValue:
    """Let somebody in whose password was right and whose code is; a wrong one is counted."""
    form = forms.SignInCode()

    def check(user: User) -> None:
        second_factor.check(user, form.code.data, now=now())

    return _second(form, "code", check, most_a_day=second_factor.MOST_WRONG)


@pages.post("/sign-in/passkey", needs=PUBLIC, keeps_refused=True)
def enter_passkey() -> ResponseReturnValue:
    """Let somebody in whose password was right and whose device has a passkey of theirs."""
    form = forms.Said()

    def check(user: User) -> None:
        passkeys.check(user, form.said.data or "", challenge, site(), now=now())

    challenge = passkeys.spend(cookie, now=now()) if _half_way(lock=True) else ""
    return _second(form, "passkey", check)


def _second(
    form: forms.SignInCode | forms.Said,
    what: str,
    check: Callable[[User], None],
    *,
    most_a_day: int | None = None,
) -> ResponseReturnValue:
    """The second half of the way in, with the brake on."""
    user = _half_way(lock=True)  # those who guess at the same time take turns
    if user is None:
        return render("people/half_way_over.html", status=422)
    if form.validate_on_submit():
        tried: dict[str, Any] = {"address": _address(), "device": _device(user.email), "now": now()}
        login = f"{what} {second_factor.counted_by(user)}"
        for attempt in brake.tried(form, login, most_a_day=most_a_day, **tried):
            with form.refusals():
                check(user)
                person = _begin(user, by_factor=True)
                sign_in.forget(attempt)
                return _in(person, form.next.data)
        if most_a_day and form.status == 422:
            second_factor.warn(user, **tried)
    return _code_page(form)


def _half_way(*, lock: bool = False) -> User | None:
    """Whose password was right just now in this browser, if it still is theirs (P5)."""
    key, was, since = cookie.get(HALF_WAY, (0, "", ""))
    if not since or now() - datetime.fromisoformat(since) > HALF_WAY_FOR:
        return None
    user = session.get(User, key)
    if user and lock:
        user = relock(user)
    is_theirs = user and user.status == "active" and sign_in.digest(user.password_hash) == was
    return user if is_theirs else None


def _code_page(form: forms.SignInCode | forms.Said) -> ResponseReturnValue:
    user = _half_way()
    assert user is not None
    mine = passkeys.of(user.id)
    challenge = passkeys.challenge(cookie, now=now()) if mine else ""
    next_ = {"next": form.next.data}
    return render(
        "people/sign_in_code.html",
        form=form,
        code=form if isinstance(form, forms.SignInCode) else forms.SignInCode(None, data=next_),
        has_app=second_factor.of(user.id) is not None,
        options=passkeys.ask(mine, challenge, site()) if mine else None,
        status=form.status,
    )


# Out again


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
