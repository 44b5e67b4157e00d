"""A dealer's data to be taken along."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from flask import current_app, stream_with_context
from flask.typing import ResponseReturnValue

from portal.core.db import reading, session
from portal.core.errors import Conflict
from portal.core.i18n import _
from portal.owndata import archive, policy
from portal.people.models import Dealer
from portal.web.routes import Pages, actor, now

pages = Pages("owndata", __name__)
LONGEST = 600
"""The seconds of a turn: whoever downloads more slowly goes on, and the next may begin."""


@dataclass
class Turns:
    """One archive at a time in each process: it takes a thread for as long as it is downloaded."""

    _lock: Lock = field(default_factory=Lock)
    _number: int = 0
    _until: float | None = None

    def take(self) -> int:
        """The number of a turn; Conflict while another one has it."""
        with self._lock:
            at = monotonic()
            if self._until is not None and at < self._until:
                raise Conflict(_("Another archive is being made. Try again in some minutes."))
            self._number, self._until = self._number + 1, at + LONGEST
            return self._number

    def give_back(self, number: int) -> None:
        """End a turn, unless it has passed to another one."""
        with self._lock:
            if number == self._number:
                self._until = None


_turns = Turns()


@pages.get("/own-data.zip", needs=policy.TAKE, own_transactions=True)
def take() -> ResponseReturnValue:
    """All that is one's company's: lists, statements and files."""
    who = actor()
    with reading():
        code = session.get_one(Dealer, who.dealer_id).code
    turn = _turns.take()

    def pieces() -> Iterator[bytes]:
        yield from archive.whole(who)

    answer = current_app.response_class(stream_with_context(pieces()), mimetype="application/zip")
    answer.call_on_close(lambda: _turns.give_back(turn))
    name = f"{code} {now().date().isoformat()}.zip"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
