"""The forms of advance compensation: what a dealer asks for, and what headquarters approves."""

from portal.advances.commands import Request
from portal.core.i18n import _l
from portal.files.forms import UploadsField
from portal.web.forms import Form, MoneyField, VersionField, line, needed, text


class RequestForm(Form):
    """A request, or its correction (S4)."""

    seen = VersionField()
    customer_name = line(_l("Customer's name"))
    product_model = line(_l("Product model"), required=False)
    product_serial = line(_l("Product serial"), required=False)
    old_part = line(
        _l("Old part"), required=False, description=_l("Its number, if you registered one.")
    )
    what_happened = text(_l("Reason for the compensation"))
    asked = MoneyField(_l("Amount asked for"), [needed()], least=1)
    files = UploadsField(_l("Evidence"), default=())

    def request(self) -> Request:
        """What the dealer asks for."""
        names = ("customer_name", "product_model", "product_serial", "old_part", "what_happened")
        return Request(asked=self.asked.data, **{name: self[name].data or "" for name in names})


class ApprovalForm(Form):
    """What headquarters approves, and why it is less than was asked for."""

    seen = VersionField()
    amount = MoneyField(_l("Approved amount"), [needed()], least=1)
    reason = text(_l("Note for the dealer"), required=False)
