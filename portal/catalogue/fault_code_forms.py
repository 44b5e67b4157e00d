"""The shape of what is typed about fault codes."""

from portal.catalogue.fault_code_services import FaultFacts
from portal.catalogue.price_columns import NUMBER
from portal.core.i18n import _l
from portal.web.forms import Form, VersionField, line


class FaultCodeForm(Form):
    """What an administrator says that a fault code stands for."""

    seen = VersionField()
    name = line(_l("Name in English"))
    name_zh = line(_l("Name in Chinese"), required=False)
    name_pl = line(_l("Name in Polish"), required=False)

    @property
    def facts(self) -> FaultFacts:
        names = ("name", "name_zh", "name_pl")
        return FaultFacts(**{name: self[name].data or "" for name in names})


class NewFaultCodeForm(FaultCodeForm):
    """A fault code that is added: the code as well."""

    on_top = ("code",)
    code = line(_l("Fault code"), most=NUMBER, description=_l("As people write it. It stays."))
