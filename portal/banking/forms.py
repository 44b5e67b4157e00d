"""What finance sends and chooses of the bank's lines (L7)."""

from collections.abc import Sequence

from wtforms import FileField, SelectField

from portal.banking.columns import COLUMNS
from portal.catalogue.forms import columns_form
from portal.core.db import AnyRow
from portal.core.i18n import _, _l
from portal.web.forms import Form, VersionField, needed

BankColumnsForm = columns_form(COLUMNS)


class BankFileForm(Form):
    """A bank's file."""

    file = FileField(
        _l("The bank's file"),
        [needed()],
        description=_l("As the bank gives it: text (.csv) or Excel (.xlsx), at most 40 MB."),
    )


class PayerForm(Form):
    """Whose money a line is."""

    seen = VersionField()
    dealer = SelectField(_l("Dealer"), [needed()])

    def offer(self, dealers: Sequence[AnyRow]) -> None:
        """Let one choose among these dealers; none is chosen for whoever does not."""
        self.dealer.choices = [
            ("", _("Choose…")),
            *((row.public_id, f"{row.code} {row.name}") for row in dealers),
        ]
