"""One's own second factor: an app, passkeys, and the codes for who loses them.

Whoever changes something here types the password once more; that counts for some minutes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import segno
from flask import Flask, current_app, flash, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from portal.core.documents import relock
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import brake, forms, passkeys, queries, second_factor, sign_in
from portal.people.models import User
from portal.web.forms import Form
from portal.web.htmx import render
from portal.web.links import public_origin
from portal.web.routes import Pages, actor, go, is_safe, needs_of, now

pages = Pages("factor", __name__)
NEW_SECRET, SHOWN_CODES, CONFIRMED = "new_secret", "shown_codes", "confirmed"
"""What a browser keeps: a secret until the app has it, codes until their page is shown, and in
which session and when the password was typed once more."""
CONFIRMED_FOR = timedelta(minutes=10)
F = TypeVar("F", bound=Form)


@pages.get("/profile/second-factor", needs=SIGNED_IN)
def show() -> ResponseReturnValue:
    """What there is, and, after the password, what can be done with it."""
    return _page(forms.Code(formdata=None))


@pages.post("/profile/second-factor/confirm", needs=SIGNED_IN, keeps_refused=True)
def confirm() -> ResponseReturnValue:
    """Type the password once more, with the brake on."""
    form = forms.PresentPassword()

    def do(user: User) -> None:
        sign_in.confirm(user, form.password.data)
        cookie[CONFIRMED] = [current_user.session_id, now().isoformat()]

    return _tried(form, do) or _page(form)


@pages.post("/profile/second-factor", needs=SIGNED_IN, keeps_refused=True)
def turn_on() -> ResponseReturnValue:
    """Turn the app on, once it shows the right code."""
    form = forms.Code()

    def do(user: User) -> None:
        _show_codes(
            second_factor.turn_on(
                user,
                _secret(),
                form.code.data,
                keep_session=current_user.session_id,
                by=actor(),
                now=now(),
            )
        )
        cookie.pop(NEW_SECRET, None)
        flash(_("Your second factor is on. Your other sessions have ended."), "success")

    return _changed(form, do)


@pages.post("/profile/second-factor/codes", needs=SIGNED_IN, keeps_refused=True)
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes; those that are left end. By a code, if there is an app."""
    has_app = second_factor.of(current_user.id) is not None
    form = forms.Code() if has_app else Form()

    def do(user: User) -> None:
        code = form["code"].data if has_app else ""
        _show_codes(second_factor.renew_codes(user, code, by=actor(), now=now()))

    return _changed(form, do)


@pages.post("/profile/second-factor/off", needs=SIGNED_IN, keeps_refused=True)
def turn_off() -> ResponseReturnValue:
    """Turn the app off, by a code."""
    form = forms.Code()

    def do(user: User) -> None:
        code = form.code.data
        second_factor.turn_off(user, code, is_required=is_required(), by=actor(), now=now())
        flash(_("Your second factor is off."), "success")

    return _changed(form, do)


@pages.post("/profile/second-factor/passkeys", needs=SIGNED_IN, keeps_refused=True)
def add_passkey() -> ResponseReturnValue:
    """Add a passkey that a device has made just now."""
    form = forms.NewPasskey()

    def do(user: User) -> None:
        _show_codes(
            passkeys.add(
                user,
                form.passkey_name.data,
                form.said.data or "",
                challenge,
                site(),
                keep_session=current_user.session_id,
                by=actor(),
                now=now(),
            )
        )
        flash(_("The passkey is added. Your other sessions have ended."), "success")

    relock(queries.own(actor()))
    challenge = passkeys.spend(cookie, now=now())
    return _changed(form, do)


@pages.post("/profile/second-factor/passkeys/<name>/remove", needs=SIGNED_IN)
def remove_passkey(name: str) -> ResponseReturnValue:
    """Remove a passkey."""
    user = relock(queries.own(actor()))
    passkey = passkeys.find(user.id, name)

    def do(user: User) -> None:
        passkeys.remove(user, passkey, is_required=is_required(), by=actor(), now=now())
        flash(_("The passkey is removed."), "success")

    return _changed(Form(), do)


def site() -> passkeys.Site:
    """The portal as browsers know it: passkeys answer no other address."""
    return passkeys.Site(public_origin())


def _show_codes(codes: list[str]) -> None:
    if codes:
        cookie[SHOWN_CODES] = codes


def _changed(form: Form, do: Callable[[User], None]) -> ResponseReturnValue:
    """Change something, if the password was typed before, and show what there is then."""

    if not _is_confirmed():
        form.refuse(Invalid(_("Type your password once more first.")))
        return _page(form)
    return _tried(form, do) or _page(form)


def _tried(form: Form, do: Callable[[User], None]) -> ResponseReturnValue | None:
    """Do something that a guesser may try, with the brake on; None if it was refused."""
    if form.validate_on_submit():
        user = relock(queries.own(actor()))
        own, place = current_user.session_id, request.remote_addr or ""
        if brake.done_within(form, lambda: do(user), own, address=place, now=now()):
            return go("factor.show")
    return None


def _is_confirmed() -> bool:
    """Whether the password was typed once more, not long ago, in this session."""
    key, since = cookie.get(CONFIRMED, (0, ""))
    is_this = key == current_user.session_id
    return is_this and now() - datetime.fromisoformat(since) <= CONFIRMED_FOR


def _secret() -> str:
    """The secret that this browser offers to the app, until it is taken."""
    return str(cookie.setdefault(NEW_SECRET, second_factor.new_secret()))


def _page(form: Form) -> ResponseReturnValue:
    factor, confirmed = second_factor.of(current_user.id), _is_confirmed()
    mine = passkeys.of(current_user.id)
    return render(
        "people/second_factor.html",
        status=form.status,
        form=form,
        password=_one_of(form, forms.PresentPassword),
        code=_one_of(form, forms.Code),
        passkey=_one_of(form, forms.NewPasskey),
        is_confirmed=confirmed,
        factor=factor,
        passkeys=mine,
        is_on=factor is not None or bool(mine),
        codes=cookie.pop(SHOWN_CODES, None) if is_safe() else None,
        codes_left=second_factor.codes_left(current_user.id),
        is_required=is_required() and second_factor.required_of(actor().roles),
        offered=_offered() if confirmed and not factor else {},
        options=_options() if confirmed and len(mine) < passkeys.MOST else None,
    )


def _one_of(form: Form, kind: type[F]) -> F:
    """The form that was sent, if it is of that kind, else an empty one."""
    return form if isinstance(form, kind) else kind(formdata=None)


def _options() -> str:
    challenge = passkeys.challenge(cookie, now=now())
    return passkeys.offer(queries.own(actor()), challenge, site())


def _offered() -> dict[str, object]:
    secret = _secret()
    made = segno.make(second_factor.address(secret, current_user.email), micro=False, error="m")
    picture = made.svg_inline(border=4, scale=1, omitsize=True, light="#fff")
    return {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": Markup(picture),  # noqa: S704 - of our own making
    }


def is_required() -> bool:
    """Whether this installation requires a second factor of some roles."""
    return bool(current_app.extensions["settings"].second_factor == "required")


def init_app(app: Flask) -> None:
    """Where it is required, let whoever moves money turn it on before anything else."""

    @app.before_request
    def _first_the_factor() -> ResponseReturnValue | None:
        if (
            not is_required()
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
