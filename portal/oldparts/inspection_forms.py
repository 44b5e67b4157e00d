"""The forms of an inspection, and of what a dealer says against it (O8)."""

from collections.abc import Mapping
from typing import Any

from wtforms import RadioField, StringField
from wtforms.validators import Optional

from portal.core.i18n import _l
from portal.files.forms import UploadsField
from portal.oldparts.inspecting import Finding
from portal.oldparts.inspection_models import PAYERS
from portal.oldparts.workflow import FAILURE_REASONS
from portal.web.forms import Form, SelectChoice, VersionField, text


def _choices(words: Mapping[str, Any]) -> list[SelectChoice]:
    return [SelectChoice(key, label) for key, label in words.items()]


class InspectionForm(Form):
    """What was found. What is needed where a piece failed is the service's to say."""

    seen = VersionField()
    result = StringField(_l("Inspection"), [Optional()])
    code = RadioField(_l("Reason"), choices=_choices(FAILURE_REASONS), validate_choice=False)
    pays = RadioField(_l("Who pays?"), choices=_choices(PAYERS), validate_choice=False)
    reason = text(_l("In words"), required=False, description=_l("The other side reads this."))
    photos = UploadsField(_l("Photos"))

    @property
    def finding(self) -> Finding:
        """What was found; whatever is not said to have passed has failed."""
        if self.result.data == "pass":
            return Finding(passed=True)
        words = {name: self[name].data or "" for name in ("code", "pays", "reason")}
        return Finding(False, words["code"], words["pays"], words["reason"])


class ObjectionForm(Form):
    """The words and the evidence of an objection."""

    seen = VersionField()
    reason = text(_l("Why should the piece have passed?"))
    photos = UploadsField(_l("Photos"))


class DisposeForm(Form):
    """Many pieces to dispose of at once: the ticks are the page's own."""

    def asked(self, values: Any) -> dict[str, int]:
        """The versions that were looked at, by the public ids of what is ticked."""
        return {name: values.get(f"seen-{name}", -1, type=int) for name in values.getlist("pick")}
