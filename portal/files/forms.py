"""Photos and files as a field of any form, with or without JavaScript.

``views.with_uploads`` takes in what came before the form's transaction begins. So what was good
is kept as unclaimed attachments, and shown again, when the rest of the form is refused.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from wtforms import Field

from portal.core.errors import Refusal
from portal.files.queries import Shown
from portal.files.services import Purpose

PURPOSES: Mapping[str, Purpose] = {"photos": "photo", "files": "file"}
"""What may come under each of the two names that the field can have."""


@dataclass
class Uploads:
    """What a form has of photos or files, and the sentences about those that were refused."""

    kept: list[Shown] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [str(refusal) for refusal in self.refusals]

    @property
    def status(self) -> int:
        """200, or 413 if a file has too many bytes, else 422: what was typed is shown again."""
        if not self.refusals:
            return 200
        return min([422, *(one.status for one in self.refusals)])


taken: ContextVar[Mapping[str, Uploads]] = ContextVar("taken")
"""What came with the present request, by the name of the field."""


class UploadsField(Field):
    """Photos or files; its name in the form is ``photos`` or ``files``.

    ``data`` are the public ids to be claimed, ``kept`` what the page shows of them.
    """

    kept: tuple[Shown, ...] = ()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take over what ``with_uploads`` received; a refused file is an error of the field."""
        uploads = taken.get()[self.name]
        self.kept = tuple(uploads.kept)
        self.data = [one.public_id for one in uploads.kept]
        self.process_errors = [*self.process_errors, *uploads.errors]
