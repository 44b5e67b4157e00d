"""The shape of what is typed about product models."""

from collections.abc import Sequence
from datetime import date

from wtforms import SelectField

from portal.catalogue.forms import NamesForm
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.product_services import MOST_MONTHS
from portal.catalogue.unit_rows import EARLIEST
from portal.core.i18n import _, _l
from portal.web.forms import CountField, DayField, Form, VersionField, between, line, needed
from portal.web.routes import now


def _latest() -> date:
    return now().date().replace(year=now().year + 5, month=12, day=31)


class NewModelForm(NamesForm):
    """A product model that is added: its number as well."""

    on_top = ("number",)
    number = line(
        _l("Model number"), most=NUMBER, description=_l("As the manufacturer writes it. It stays.")
    )


class MonthsForm(Form):
    """How long the warranty is for what is sold from a day on."""

    seen = VersionField()
    category = SelectField(_l("Category of parts"), validate_choice=False)
    months = CountField(
        _l("Months"), [needed()], least=0, most=MOST_MONTHS, description=_l("0: no warranty.")
    )
    effective_from = DayField(
        _l("Sold from"),
        [needed(), between(lambda: EARLIEST, _latest)],
        description=_l("What was sold before keeps its warranty."),
    )

    def offer(self, categories: Sequence[str]) -> None:
        """Offer the categories that parts have."""
        self.category.choices = [
            ("", _("All others")),
            *((category, category) for category in categories),
        ]


class FitForm(Form):
    """A part that a model has, or has not any more."""

    seen = VersionField()
    number = line(_l("Part number"), most=NUMBER)
