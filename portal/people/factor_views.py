"""One's own second factor: turning it on and off, and the codes for who loses it."""

from collections.abc import Callable

import segno
from flask import Flask, current_app, flash, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from portal.core.documents import relock
from portal.core.i18n import _
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import brake, forms, queries, second_factor, sign_in
from portal.people.models import User
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, is_safe, needs_of, now

pages = Pages("factor", __name__)
NEW_SECRET, SHOWN_CODES = "new_secret", "shown_codes"
"""What a browser keeps: a secret until the app has it, and codes until their page is shown."""


@pages.get("/profile/second-factor", needs=SIGNED_IN)
def show() -> ResponseReturnValue:
    """How to turn it on; or, if it is, what can be done with it."""
    return _page(forms.Code(formdata=None))


@pages.post("/profile/second-factor", needs=SIGNED_IN)
def turn_on() -> ResponseReturnValue:
    """Turn it on, once the app shows the right code."""
    form = forms.Code()
    if form.validate_on_submit():
        with form.refusals():
            cookie[SHOWN_CODES] = second_factor.turn_on(
                queries.own(actor()),
                _secret(),
                form.code.data,
                keep_session=current_user.session_id,
                by=actor(),
                now=now(),
            )
            cookie.pop(NEW_SECRET, None)
            flash(_("Your second factor is on. Your other sessions have ended."), "success")
            return go("factor.show")
    return _page(form)


@pages.post("/profile/second-factor/codes", needs=SIGNED_IN, keeps_refused=True)
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes; those that are left end."""

    def do(user: User, code: str) -> None:
        cookie[SHOWN_CODES] = second_factor.renew_codes(user, code, by=actor(), now=now())

    return _by_code("factor.show", do)


@pages.post("/profile/second-factor/off", needs=SIGNED_IN, keeps_refused=True)
def turn_off() -> ResponseReturnValue:
    """Turn it off, by a code."""

    def do(user: User, code: str) -> None:
        second_factor.turn_off(user, code, is_required=_is_required(), by=actor(), now=now())
        flash(_("Your second factor is off."), "success")

    return _by_code("profile.account", do)


def _by_code(place: str, do: Callable[[User, str], None]) -> ResponseReturnValue:
    """Do something that asks for a code, with the brake on, and go on to a place."""
    form = forms.Code()
    if form.validate_on_submit():
        user = relock(queries.own(actor()))
        address = request.remote_addr or ""
        for attempt in brake.tried(form, f"code {user.id}", address=address, now=now()):
            with form.refusals():
                do(user, form.code.data)
                sign_in.forget(attempt)
                return go(place)
    return _page(form)


def _secret() -> str:
    """The secret that this browser offers to the app, until it is taken."""
    return str(cookie.setdefault(NEW_SECRET, second_factor.new_secret()))


def _page(form: forms.Code) -> ResponseReturnValue:
    factor = second_factor.of(current_user.id)
    return render(
        "people/second_factor.html",
        status=form.status,
        form=form,
        factor=factor,
        codes=cookie.pop(SHOWN_CODES, None) if is_safe() else None,
        codes_left=second_factor.codes_left(current_user.id),
        is_required=_is_required() and second_factor.required_of(actor().roles),
        offered={} if factor else _offered(),
    )


def _offered() -> dict[str, object]:
    secret = _secret()
    made = segno.make(second_factor.address(secret, current_user.email), micro=False, error="m")
    picture = made.svg_inline(border=4, scale=1, omitsize=True, light="#fff")
    return {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": Markup(picture),  # noqa: S704 - of our own making
    }


def _is_required() -> bool:
    return bool(current_app.extensions["settings"].second_factor == "required")


def init_app(app: Flask) -> None:
    """Where it is required, let whoever moves money turn it on before anything else."""

    @app.before_request
    def _first_the_factor() -> ResponseReturnValue | None:
        if (
            not _is_required()
            or request.endpoint is None
            or needs_of(request.endpoint) == PUBLIC
            or request.endpoint.startswith(("factor.", "signin."))
            or not current_user.is_authenticated
            or current_user.has_factor
            or not second_factor.required_of(actor().roles)
        ):
            return None
        if request.headers.get("HX-Request") == "true":
            return "", 401
        return go("factor.show")
