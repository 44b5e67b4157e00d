"""What the events of policy changes and of the calendar, and their values, are called."""

from portal.core.documents import Value
from portal.core.i18n import _, _l
from portal.terms.models import PolicyValue
from portal.terms.values import TERMS
from portal.web import filters
from portal.web.timeline import day, plain, written


def _with_unit(value: int, change: PolicyValue) -> str:
    term = TERMS[change.name]
    if term.measure in ("hour", "day", "month", "year"):
        return filters.span(value, term.measure)
    if term.measure == "basis_point":
        return filters.percent(value)
    return term.in_words(value)


WORDS = {"create": _l("proposed the change")}
VALUES = {
    "value": Value(_l("Value"), _with_unit),
    "effective_from": day(_l("In force from")),
}
CALENDAR_VALUES = {
    "first": day(_l("First day")),
    "last": day(_l("Last day")),
    "name": plain(_l("Name")),
    "works": written(_l("These days are"), lambda works: _("worked") if works else _("free")),
}
