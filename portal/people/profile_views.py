"""One's own account: password, sessions, and how the portal looks to one."""

from collections.abc import Container

from flask import flash, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.utils import redirect

from portal.core.documents import relock
from portal.core.errors import NotFound
from portal.core.i18n import _
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people import brake, forms, queries, services, sign_in
from portal.people.places import own_address
from portal.web import languages, mail
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("profile", __name__)

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
             ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


@pages.get("/profile", needs=SIGNED_IN)
def account() -> ResponseReturnValue:
    """What the portal knows of me, how it looks to me, and where I am signed in."""
    return _account_page()


@pages.post("/profile/password", needs=SIGNED_IN, keeps_refused=True)
def change_password() -> ResponseReturnValue:
    """Change my password, with the brake on; my other sessions end."""
    form = forms.OwnPassword()
    if form.validate_on_submit():
        user = relock(queries.own(actor()))
        own, place = current_user.session_id, request.remote_addr or ""

        def change() -> None:
            services.set_password(
                user,
                old=form.old.data,
                new=form.new.data,
                keep_session=own,
                by=actor(),
                now=now(),
            )
            flash(_("Your password is changed. Your other sessions have ended."), "success")

        if brake.done_within(form, change, own, address=place, now=now()):
            return go("profile.account")
    return _account_page(form)


@pages.post("/profile/sessions/<name>", needs=SIGNED_IN)
def end_session(name: str) -> ResponseReturnValue:
    """End one of my sessions."""
    if not sign_in.end_named(name, current_user.id, now=now()):
        raise NotFound()
    return go("profile.account", _anchor="sessions")


@pages.post("/profile/sessions", needs=SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    """End all of my sessions but this one."""
    sign_in.end_all(current_user.id, now=now(), but=current_user.session_id)
    return go("profile.account", _anchor="sessions")


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
    return redirect(own_address(request.form.get("next", "/")), 303)


def _chosen(name: str, known: Container[str]) -> str | None:
    """What was chosen in a field, if it is something to choose."""
    value = request.form.get(name)
    return value if value in known else None
