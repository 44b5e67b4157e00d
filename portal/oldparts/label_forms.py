"""The form of what labels are printed on."""

from typing import Any

from wtforms import RadioField
from wtforms.validators import ValidationError

from portal.core.i18n import _, _l
from portal.oldparts.labels import SIZES, Size
from portal.web.forms import CountField, Form, SelectChoice


class LabelsForm(Form):
    """Size and offset, as the URL has them."""

    class Meta(Form.Meta):
        csrf = False

    size = RadioField(
        _l("Size"),
        choices=[
            SelectChoice("70x37", _l("A4 sheet, 24 labels of 70 × 37 mm")),
            SelectChoice("105x57", _l("A4 sheet, 10 labels of 105 × 57 mm")),
            SelectChoice("62", _l("Roll, 62 mm wide")),
        ],
        default="70x37",
        validate_choice=False,
    )
    offset = CountField(
        _l("Labels of the first sheet that are used already"),
        description=_l("They stay blank, from the top left on. A roll needs no number."),
        least=0,
    )

    def process(self, formdata: Any = None, *arguments: Any, **options: Any) -> None:
        """Read what was asked for; the first sheet has one label left at least."""
        asked = SIZES.get((formdata or {}).get("size", ""))
        sheet = asked if asked and asked.per_page > 1 else SIZES["70x37"]
        self.offset.most = sheet.per_page - 1
        super().process(formdata, *arguments, **options)

    def validate_size(self, field: Any) -> None:
        """One of those that there are."""
        if field.data not in SIZES:
            raise ValidationError(_("Choose a size."))

    @property
    def chosen(self) -> Size:
        """The size."""
        return SIZES[self.size.data]

    @property
    def used(self) -> int:
        """How many labels of the first sheet are gone; a roll has no sheets."""
        return (self.offset.data or 0) if self.chosen.per_page > 1 else 0
