"""What the values that the events of corrections keep are called."""

from portal.core.i18n import _l
from portal.web.timeline import money, plain, span

VALUES = {
    "amount": money(_l("Amount")),
    "attached": plain(_l("Files")),
    "about": plain(_l("Grounds")),
    "answer_days": span(_l("Time to answer"), "day"),
}
