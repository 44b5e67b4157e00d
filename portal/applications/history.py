"""What the events of applications and shipments, and the values that they keep, are called."""

from portal.applications.compensation_models import Compensation
from portal.applications.models import DeliveryReport, Shipment
from portal.core.i18n import _l
from portal.web import filters
from portal.web.timeline import day, moment, money, number_of, plain, span, written

WORDS = {"create": _l("began the application")}
ALONE = {
    "release": _l("released the money automatically"),
    "receive": _l("received everything"),
    "close": _l("closed the application automatically"),
    "remind": _l("reminded of the quote: it ends soon"),
    "expire": _l("ended the quote: it was not confirmed in time"),
    "withdraw": _l("discarded the draft: nobody had touched it for long"),
}
VALUES = {
    "file": plain(_l("File")),
    "version": plain(_l("Version of the quote")),
    "total": money(_l("Total")),
    "reply_hours": span(_l("To be answered within"), "hour"),
    "quote_days": span(_l("To be confirmed within"), "day"),
    "draft_days": span(_l("Kept untouched for"), "day"),
    "ship_days": span(_l("To be shipped within"), "day"),
    "remind_days": span(_l("Reminded so long before"), "day"),
    "promised_on": day(_l("Promised for")),
    "shipped_on": day(_l("Shipped on")),
    "shipment": number_of(_l("Shipment"), Shipment.number),
    "report": number_of(_l("Delivery report"), DeliveryReport.number),
    "pieces": plain(_l("Pieces")),
    "sent_again": plain(_l("Pieces to send again")),
    "compensation": number_of(_l("Late-delivery compensation"), Compensation.number),
    "refund": money(_l("Refund")),
    "refunded_fees": money(_l("Fees in the refund")),
}
SHIPMENT_WORDS = {"create": _l("made the shipment")}
_PIECES = {"short": plain(_l("Missing")), "damaged": plain(_l("Damaged"))}
SHIPMENT_VALUES = {
    "receive_days": span(_l("To be confirmed within"), "day"),
    "answer_by": moment(_l("To be confirmed by")),
    "remind_days": VALUES["remind_days"],
    "report": VALUES["report"],
    "pieces": VALUES["pieces"],
    "register_by": moment(_l("To be registered by")),
    **_PIECES,
}
REPORT_WORDS = {"create": _l("reported what is missing or damaged")}
REPORT_VALUES = {
    "shipment": VALUES["shipment"],
    **_PIECES,
    "sent_again": VALUES["sent_again"],
    "refund": VALUES["refund"],
}
COMPENSATION_ALONE = {"book": _l("booked the compensation: nobody had excused the delay in time")}
COMPENSATION_VALUES = {
    "shipment": number_of(_l("Shipment"), Shipment.number),
    "promised_on": VALUES["promised_on"],
    "shipped_on": VALUES["shipped_on"],
    "late_days": span(_l("Late by"), "day"),
    "late_amount": money(_l("Amount of the late pieces")),
    "rate": written(_l("Share for each late day"), filters.percent),
    "most": written(_l("Largest share"), filters.percent),
    "amount": money(_l("Amount")),
    "book_days": span(_l("To be decided within"), "day"),
}
