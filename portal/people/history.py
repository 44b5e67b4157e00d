"""What the events of people and dealers, and the values that they keep, are called."""

from portal.core.i18n import _, _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.people.forms import DEALER_LABELS, USER_LABELS, country_name
from portal.web import filters
from portal.web.timeline import plain, written


def _roles(names: str) -> str:
    return filters.listed(ROLE_LABELS[Role(name)] for name in names.split(", "))


DEALER_WORDS = {"create": _l("added the dealer"), "edit": _l("changed the dealer")}
DEALER_VALUES = {name: plain(label) for name, label in DEALER_LABELS.items()} | {
    "country": written(DEALER_LABELS["country"], country_name),
    "file": plain(_l("File")),
}
USER_WORDS = {
    "create": _l("added the person"),
    "edit": _l("changed the person"),
    "money_role": _l("gave a role that moves money"),
    "factor_on": _l("turned the second factor on"),
    "factor_off": _l("turned the second factor off"),
    "factor_codes": _l("made new recovery codes"),
    "passkey_on": _l("added a passkey"),
    "passkey_off": _l("removed a passkey"),
}
USER_VALUES = {
    "name": plain(USER_LABELS["name"]),
    "roles": written(USER_LABELS["roles"], _roles),
    "passkey": plain(_l("Passkey")),
    "password": written(USER_LABELS["password"], lambda _changed: _("changed")),
}
