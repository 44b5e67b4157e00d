"""What the values that the events of advance compensations keep are called."""

from portal.core.i18n import _l
from portal.oldparts.models import OldPart
from portal.web.timeline import money, number_of, of_a_customer, plain, span

VALUES = {
    "customer_name": of_a_customer(plain(_l("Customer's name"))),
    "product_model": plain(_l("Product model")),
    "product_serial": plain(_l("Product serial")),
    "old_part": number_of(_l("Old part"), OldPart.number),
    "what_happened": plain(_l("Reason for the compensation")),
    "asked": money(_l("Amount asked for")),
    "approved": money(_l("Approved")),
    "attached": plain(_l("Files")),
    "keep_years": span(_l("Kept for"), "year"),
}
