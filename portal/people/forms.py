"""The shape of what is typed about people and dealers."""

from wtforms import HiddenField, PasswordField
from wtforms.validators import Length

from portal.core.i18n import _l
from portal.web.forms import Form, line, needed


class SignIn(Form):
    """Name and password; where to go on afterwards."""

    email = line(_l("E-mail address"))
    password = PasswordField(_l("Password"), [needed(), Length(max=1000)])
    next = HiddenField()
