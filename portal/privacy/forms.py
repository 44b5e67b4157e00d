"""What an administrator says of a customer who asks for their data to be removed."""

from portal.core.i18n import _l
from portal.web.forms import Form, text


class AnonymiseForm(Form):
    """Documents that are ticked in the page, and why their customer's data goes."""

    reason = text(
        _l("Why?"),
        description=_l("It stays in the history of each: do not name the customer here."),
    )
