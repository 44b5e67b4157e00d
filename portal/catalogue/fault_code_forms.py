"""The shape of what is typed about fault codes."""

from portal.catalogue.forms import NamesForm
from portal.catalogue.price_columns import NUMBER
from portal.core.i18n import _l
from portal.web.forms import line


class NewFaultCodeForm(NamesForm):
    """A fault code that is added: the code as well."""

    on_top = ("code",)
    code = line(_l("Fault code"), most=NUMBER, description=_l("As people write it. It stays."))
