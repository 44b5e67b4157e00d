"""Refusals: what a service answers when it will not do what was asked.

Each carries a sentence for the person (cause and remedy) and the HTTP status that fits it.
A field name, where there is one, puts the sentence beside that field of the form.
"""

from collections.abc import Mapping
from typing import Any

from portal.core.i18n import _l


class Refusal(Exception):
    """A request that is refused with a sentence; nothing of it takes effect."""

    status = 422

    def __init__(self, sentence: Any, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field

    def __str__(self) -> str:
        return str(self.sentence)


class Invalid(Refusal):
    """The input is not acceptable; ``fields`` holds one sentence for each field at fault."""

    def __init__(
        self,
        sentence: Any = None,
        field: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence or _l("Please correct the marked fields."), field)
        self.fields = dict(fields or {})


class Forbidden(Refusal):
    """The object may be seen, but not acted on by this person."""

    status = 403

    def __init__(self, sentence: Any = None) -> None:
        super().__init__(sentence or _l("You may not do this."))


FROZEN = _l(
    "Headquarters has frozen your company: you can read everything, but file nothing new. "
    "What was begun goes on: receiving, registering and sending old parts back, answers, "
    "objections and appeals."
)


class Frozen(Forbidden):
    """A frozen dealer files nothing new."""

    def __init__(self) -> None:
        super().__init__(FROZEN)


class NotFound(Refusal):
    """There is no such object for this person; a foreign one is no different (P1)."""

    status = 404

    def __init__(self, sentence: Any = None) -> None:
        super().__init__(sentence or _l("There is nothing here."))


class Unavailable(Refusal):
    """Something that the portal needs does not answer; the same may succeed in a minute."""

    status = 503


class Conflict(Refusal):
    """Somebody was faster, or the document is past this step."""

    status = 409


CHANGED = _l(
    "Somebody changed this while you were looking at it. "
    "This page now shows how it stands; what you typed is kept."
)


class Stale(Conflict):
    """The page that was answered shows an older version than the document has now."""

    def __init__(self, sentence: Any = None) -> None:
        super().__init__(sentence or CHANGED)


class WrongState(Conflict):
    """The workflow has no such step from the document's present state."""

    def __init__(self, sentence: Any = None) -> None:
        super().__init__(
            sentence or _l("This step has already been taken, or is not possible any more.")
        )


class TooLittleMoney(Refusal):
    """The account has too little available (L5); ``missing`` is in minor units."""

    def __init__(self, sentence: Any, missing: int) -> None:
        super().__init__(sentence)
        self.missing = missing
