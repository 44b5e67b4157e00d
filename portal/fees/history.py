"""What the events of schedules and services, and the values that they keep, are called."""

from portal.core.i18n import _l
from portal.fees.workflow import UNITS
from portal.web.timeline import choice, day, plain

ITEM_WORDS = {"create": _l("added the service"), "edit": _l("changed the service")}
ITEM_VALUES = {
    "code": plain(_l("Code")),
    "name": plain(_l("Name")),
    "name_zh": plain(_l("Name in Chinese")),
    "name_pl": plain(_l("Name in Polish")),
    "unit": choice(_l("Unit"), UNITS),
}
WORDS = {"create": _l("began the schedule"), "edit": _l("read a spreadsheet into the schedule")}
VALUES = {
    "lines": plain(_l("Services")),
    "file": plain(_l("File")),
    "effective_on": day(_l("To be in force from")),
    "in_force_from": day(_l("In force from")),
}
