"""What a dealer says against a charge for old parts."""

from portal.core.i18n import _l
from portal.files.forms import UploadsField
from portal.web.forms import Form, VersionField, text


class DisputeForm(Form):
    """The words and the evidence of a dispute (O6)."""

    seen = VersionField()
    reason = text(_l("Why is the charge not right?"))
    photos = UploadsField(_l("Photos"))
