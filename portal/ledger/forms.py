"""The shape of what finance types."""

from collections.abc import Sequence

from wtforms import SelectField

from portal.core.db import AnyRow
from portal.core.i18n import _, _l
from portal.web.forms import Form, MoneyField, VersionField, line, needed, text


class DepositForm(Form):
    """Money that arrived at the bank: whose, how much, and the reference of its statement line."""

    dealer = SelectField(_l("Dealer"), [needed()])
    amount = MoneyField(_l("Amount"), [needed()], least=1)
    reference = line(_l("Bank reference"), most=100)

    def offer(self, dealers: Sequence[AnyRow]) -> None:
        """Let one choose among these dealers; none is chosen for whoever does not."""
        self.dealer.choices = [
            ("", _("Choose…")),
            *((row.public_id, f"{row.code} {row.name}") for row in dealers),
        ]


class ReverseForm(Form):
    """Why an entry is put right."""

    reason = text(_l("Reason"), description=_l("The dealer reads this."))


class CreditLimitForm(Form):
    """How far a dealer may spend beyond the posted balance, and why."""

    seen = VersionField()
    credit_limit = MoneyField(_l("Credit limit"), [needed()])
    reason = text(_l("Reason"), description=_l("The dealer reads this."))
