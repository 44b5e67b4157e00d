"""A dealer's data to be taken along."""

from collections.abc import Iterator
from threading import Lock

from flask import current_app, stream_with_context
from flask.typing import ResponseReturnValue

from portal.core.db import reading, session
from portal.core.errors import Conflict
from portal.core.i18n import _
from portal.owndata import archive, policy
from portal.people.models import Dealer
from portal.web.routes import Pages, actor, now

pages = Pages("owndata", __name__)
_turn = Lock()
"""One archive at a time in each process: it takes a thread for as long as it is downloaded."""


@pages.get("/own-data.zip", needs=policy.TAKE, own_transactions=True)
def take() -> ResponseReturnValue:
    """All that is one's company's: lists, statements and files."""
    who = actor()
    with reading():
        code = session.get_one(Dealer, who.dealer_id).code
    if not _turn.acquire(blocking=False):
        raise Conflict(_("Another archive is being made. Try again in some minutes."))

    def pieces() -> Iterator[bytes]:
        yield from archive.whole(who)

    answer = current_app.response_class(stream_with_context(pieces()), mimetype="application/zip")
    answer.call_on_close(_turn.release)
    name = f"{code} {now().date().isoformat()}.zip"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
