"""The checks of the books: what the last night found, and an alarm as long as it is there."""

from collections.abc import Iterator

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.core.db import session
from portal.core.i18n import _, ngettext
from portal.core.jobs import Job
from portal.core.permissions import Actor
from portal.operations import books, policy, sealing
from portal.web import frame, mail
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("bookchecks", __name__, url_prefix="/books")
NAMED = 3
"""How many differences the alarm names."""


@pages.get("", needs=policy.BOOKS_READ)
def index() -> ResponseReturnValue:
    """What the last checks found."""
    found = {one.name: one for one in books.results(actor())}
    is_waiting = select(Job.id).where(Job.kind == books.KIND, Job.done_at.is_(None)).limit(1)
    return render(
        "operations/books.html",
        checks=[(label, found.get(name)) for name, (label, _find) in books.CHECKS.items()],
        most=books.MOST,
        is_waiting=session.scalar(is_waiting) is not None,
        may_check=actor().can(policy.BOOKS_CHECK),
        seals=sealing.latest(),
        is_mailed=bool(mail.seal_address()),
    )


@pages.post("", needs=policy.BOOKS_CHECK)
def check_now() -> ResponseReturnValue:
    """Have the books checked at once."""
    books.check_now(by=actor(), now=now())
    flash(_("The books are being checked."), "success")
    return go("bookchecks.index")


@frame.alarms
def _alarm(who: Actor) -> Iterator[frame.Alarm]:
    """The differences that the last checks found."""
    for one in books.results(who):
        if one.differences:
            label, _find = books.CHECKS[one.name]
            title = ngettext(
                "%(what)s: %(num)d difference",
                "%(what)s: %(num)d differences",
                one.differences,
                what=label,
            )
            yield frame.Alarm(title, one.found["sentences"][:NAMED], url_for("bookchecks.index"))
