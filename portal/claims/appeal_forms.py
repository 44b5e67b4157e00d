"""The shape of what is typed about an appeal."""

from wtforms import HiddenField, StringField
from wtforms.validators import Optional

from portal.claims.commands import Ruling
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.files.forms import UploadsField
from portal.web.forms import Form, MoneyField, VersionField, text


class AppealForm(Form):
    """What a dealer says against a decision, with evidence (R6)."""

    grounds = text(_l("What is new, and why is the decision not right?"))
    files = UploadsField(_l("Files"))


class RulingForm(Form):
    """What a reviewer decides on an appeal (R6)."""

    seen = VersionField()
    step = HiddenField()
    amount = MoneyField(_l("Granted"), [Optional()])
    reason = StringField(_l("Reason"))
    note = text(_l("Note for the dealer"), required=False)

    def ruling(self) -> Ruling:
        """The decision; Invalid if it is none."""
        reason, note = self.reason.data or None, self.note.data or ""
        if self.step.data == "grant":
            return Ruling("grant", self.amount.data, reason, note)
        if self.step.data == "refuse":
            return Ruling("refuse", None, reason, note)
        raise Invalid(_("Choose what to do with this appeal."))
