"""The forms of an old part: what a dealer registers, and what headquarters answers."""

from collections.abc import Sequence
from typing import Any

from wtforms import RadioField
from wtforms.validators import Optional

from portal.core.i18n import _l
from portal.files.forms import UploadsField
from portal.oldparts.commands import RegisterCommand
from portal.web.forms import DayField, Form, VersionField, line, text


class RegistrationForm(Form):
    """A registration (O2). What must be filled in is the service's to say, with its sentence."""

    seen = VersionField()
    photos = UploadsField(_l("Photos"))
    part = RadioField(_l("Which part was taken out?"), validators=[Optional()])
    old_serial = line(
        _l("Serial of the old part"),
        required=False,
        description=_l("If there is one on the piece."),
    )
    customer_name = line(_l("Customer's name"), required=False)
    customer_phone = line(_l("Customer's phone"), required=False)
    product_model = line(_l("Product model"), required=False)
    product_serial = line(_l("Product serial"), required=False)
    purchase_date = DayField(_l("Purchase date"))
    failed_on = DayField(_l("Failed on"))
    replaced_on = DayField(_l("Replaced on"))
    complaint = text(_l("Complaint"), required=False)
    cause = text(_l("Cause"), required=False)
    remedy = text(_l("Remedy"), required=False)
    fault_code = line(_l("Fault code"), required=False)

    def offer_parts(self, parts: Sequence[tuple[str, str]]) -> None:
        """Which part may have been replaced: as asked for, or as shipped; no choice if one."""
        self.part.choices = list(parts) if len(parts) > 1 else []

    def command(self, part_ids: dict[str, int]) -> RegisterCommand:
        """The command; ``part_ids`` are the parts that were offered, by number."""
        names = ("customer_name", "customer_phone", "product_model", "product_serial", "fault_code")
        texts = ("complaint", "cause", "remedy", "old_serial")
        days = ("purchase_date", "failed_on", "replaced_on")
        typed: dict[str, Any] = {name: self[name].data or "" for name in (*names, *texts)}
        return RegisterCommand(
            **typed,
            **{name: self[name].data for name in days},
            part_id=part_ids.get(self.part.data or ""),
        )

    def complete(self, sentences: dict[str, Any]) -> None:
        """Add what else is wrong to fields that have no error yet: all is said at once."""
        for name, sentence in sentences.items():
            if not self[name].errors:
                self[name].errors = [sentence]


class PhotosForm(Form):
    """More photos of a registered piece."""

    photos = UploadsField(_l("Photos"))


class AcceptForm(Form):
    """Many pieces to accept at once: the ticks are the page's own."""


class ScrapForm(Form):
    """The proof that a piece was scrapped."""

    seen = VersionField()
    photos = UploadsField(_l("Photos"))


class ScrapManyForm(Form):
    """Pieces that are ticked in the page."""
