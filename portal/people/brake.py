"""The brake on guessing codes and passwords, within the transaction of the form that holds one."""

from collections.abc import Callable, Iterator
from datetime import datetime

from portal.people import sign_in
from portal.web.forms import Form


def tried(
    form: Form,
    login: str,
    *,
    address: str,
    device: str = "",
    most_a_day: int | None = None,
    now: datetime,
) -> Iterator[int]:
    """Once round a loop for a try that may be made, with its key; not at all if it may not.

    It stays counted unless the caller forgets it: the route keeps what a refused form leaves. The
    caller has locked whom it is about, so that tries at one moment take turns.
    """
    attempt = sign_in.try_in(login, address=address, device=device, now=now)
    refusal = sign_in.too_many(
        attempt, login, address=address, device=device, most_a_day=most_a_day, now=now
    )
    if refusal is None:
        yield attempt
    else:
        form.refuse(refusal)


def done_within(
    form: Form, do: Callable[[], None], session_id: int, *, address: str, now: datetime
) -> bool:
    """Whether something was done that somebody who is in may try; if not, the form says why.

    Only what this session tried counts, wherever it is.
    """
    for attempt in tried(form, "session", address=address, device=str(session_id), now=now):
        with form.refusals():
            do()
            sign_in.forget(attempt)
            return True
    return False
