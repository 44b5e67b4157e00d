"""The link to a password of one's own, and the page for who forgot theirs. Anybody's pages."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.core.db import in_transaction
from portal.core.errors import NotFound, Refusal
from portal.core.i18n import _
from portal.core.permissions import PUBLIC
from portal.people import access_links, forms, letters, services, sign_in
from portal.people.models import User
from portal.web import mail
from portal.web.htmx import render
from portal.web.routes import Pages, go, is_safe, now

pages = Pages("access", __name__)


@pages.get("/link/<token>", needs=PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """The form for a password, for whom a link is."""
    return _page(access_links.whose(token, now()), forms.ChosenPassword())


@pages.post("/link/<token>", needs=PUBLIC)
def choose(token: str) -> ResponseReturnValue:
    """Set the password. The link works once; all sessions end, also of who knew the old one."""
    form = forms.ChosenPassword()
    if form.validate_on_submit():
        try:
            with form.refusals():
                services.choose_password(token, form.password.data, now=now())
                flash(_("Your password is set. Sign in with it."), "success")
                return go("signin.page")
        except NotFound:
            return _page(None, form)
    return _page(access_links.whose(token, now()), form)


def _page(user: User | None, form: forms.ChosenPassword) -> ResponseReturnValue:
    if user is None:
        status = 404 if is_safe() else 422
        return render("people/link_over.html", status=status, sends_mail=mail.server() is not None)
    return render("people/link.html", status=form.status, form=form, user=user)


@pages.get("/forgotten", needs=PUBLIC)
def forgotten() -> ResponseReturnValue:
    """The form for who forgot the password."""
    return _forgotten_page(forms.Forgotten())


@pages.post("/forgotten", needs=PUBLIC, own_transactions=True)
def ask() -> ResponseReturnValue:
    """Promise a link. Known or unknown: the same answer after the same work, with the brake on."""
    form = forms.Forgotten()
    if form.validate_on_submit() and mail.server() is not None:
        address, at = form.email.data, now()
        try:
            sign_in.count_try(f"forgotten {address}", address=request.remote_addr or "", now=at)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            in_transaction(lambda: letters.forgot(address, now=at))
            return _forgotten_page(form, is_sent=True)
    return _forgotten_page(form)


def _forgotten_page(form: forms.Forgotten, *, is_sent: bool = False) -> ResponseReturnValue:
    return render(
        "people/forgotten.html",
        status=form.status,
        form=form,
        is_sent=is_sent,
        sends_mail=mail.server() is not None,
    )
