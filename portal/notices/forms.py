"""The shape of a comment."""

from portal.core.i18n import _l
from portal.files.forms import UploadsField
from portal.web.forms import Form, text


class Comment(Form):
    """Words, files, or both, for a document's timeline."""

    text = text(_l("Comment"), required=False)
    files = UploadsField(_l("Files"))
