"""What finance types of a correction, and what a dealer answers (L8, F3)."""

from collections.abc import Sequence

from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from portal.core.db import AnyRow
from portal.core.i18n import _, _l
from portal.corrections.commands import Proposal
from portal.corrections.models import ADJUSTMENT, PENALTY
from portal.files.forms import UploadsField
from portal.web.forms import Form, MoneyField, SelectChoice, VersionField, needed, text

CREDIT, DEBIT = "credit", "debit"


class ProposalForm(Form):
    """A correction of a dealer's account, with its evidence."""

    dealer = SelectField(_l("Dealer"), [needed()])
    what = RadioField(
        _l("What is to be booked"),
        [InputRequired(_l("Choose what is to be booked."))],
        choices=[
            SelectChoice(CREDIT, _l("Adjustment: the dealer gets it")),
            SelectChoice(DEBIT, _l("Adjustment: the dealer pays it")),
            SelectChoice(PENALTY, _l("Penalty: the dealer may answer first")),
        ],
    )
    amount = MoneyField(_l("Amount"), [needed()], least=1)
    reason = text(_l("Reason"), description=_l("The dealer reads this."))
    files = UploadsField(_l("Evidence"))

    def offer(self, dealers: Sequence[AnyRow]) -> None:
        """Let one choose among these dealers; none is chosen for whoever does not."""
        self.dealer.choices = [
            ("", _("Choose…")),
            *((row.public_id, f"{row.code} {row.name}") for row in dealers),
        ]

    def proposal(self, dealer_id: int) -> Proposal:
        """The command."""
        what = self.what.data
        return Proposal(
            dealer_id=dealer_id,
            sort=PENALTY if what == PENALTY else ADJUSTMENT,
            amount=self.amount.data if what == CREDIT else -self.amount.data,
            reason=self.reason.data or "",
            files=self.files.data or (),
        )


class AnswerForm(Form):
    """What a dealer says to a penalty."""

    seen = VersionField()
    reason = text(_l("What do you say to it?"))
    files = UploadsField(_l("Evidence"))
