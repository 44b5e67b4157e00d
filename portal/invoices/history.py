"""What the values that the events of customer invoices keep are called."""

from portal.core.i18n import _l
from portal.web.timeline import day, money, plain, span

VALUES = {
    "paper_number": plain(_l("Number on the paper")),
    "issued_on": day(_l("Invoice date")),
    "charged": money(_l("Invoiced")),
    "above": money(_l("Above the rates")),
    "schedule": plain(_l("Service fees")),
    "penalty": plain(_l("Penalty")),
    "attached": plain(_l("Files")),
    "keep_years": span(_l("Kept for"), "year"),
}
