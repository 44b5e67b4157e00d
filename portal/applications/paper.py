"""Applications and shipments on paper: what is printed of them, in the reader's language (A11)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.applications import forms, queries, shipment_queries
from portal.applications.models import WARRANTY, Application, Quote, Shipment
from portal.core.db import AnyRow, session
from portal.core.events import steps_taken
from portal.core.i18n import _
from portal.web.filters import day, instant, money, number
from portal.web.links import public_url_for
from portal.web.paper import Paper, paper

STEPS = ("submit", "quote", "confirm", "release")
"""What happens to an application one after the other; each that happened is printed."""
LINE, TEXT = 200, 1000
"""How much of a draft's field is printed: none of a complete application is longer."""


@dataclass(frozen=True)
class Picked:
    """A part to take from the shelves, and for whom: number, dealer and pieces of each."""

    part: str
    name: str
    shares: tuple[tuple[str, str, int], ...]

    @property
    def pieces(self) -> int:
        """How many in all."""
        return sum(pieces for _number, _dealer, pieces in self.shares)


def application(document: Application) -> Paper:
    """A parts application as the paper form was, on A4 (A11)."""
    quotes, lines = queries.quotes_of(document), queries.lines_of(document)
    quote = quotes[0] if quotes else None
    facts = {
        "title": _("Parts application"),
        "number": document.number or "",
        "status": Application.workflow.state(document.status).label,
        "mark": "" if document.number else _("Draft"),
        "facts": [
            *_delivery(document),
            _fact(_("Promised ship date"), day(quote.promised_on) if quote else ""),
            _fact(_("Version of the quote"), str(quote.version) if quote else ""),
        ],
        "heads": [
            "",
            _("Part"),
            _("Quantity"),
            _("Confirmed quantity"),
            _("Unit price"),
            _("Amount"),
        ],
        "lines": [_line(row) for row in lines] or [_typed(row) for row in _rows(document)],
        "notes": _notes(document, quote),
        "steps": [
            (Application.workflow.state(event.to_status).label, event.actor_name, instant(event.at))
            for event in steps_taken(document, STEPS)
        ],
        **_sums(quote),
        **_signed(_("Dealer"), _("Headquarters")),
    }
    address = public_url_for("applications.show", name=document.public_id)
    return paper("application", document.number or "draft", facts, address=address)


def packing_slip(shipment: Shipment) -> Paper:
    """What lies in a shipment, to be ticked off; without prices (A7)."""
    lines = shipment_queries.lines_of(shipment)
    order = session.get_one(Application, shipment.application_id)
    facts = {
        "title": _("Packing slip"),
        "number": shipment.number,
        "status": "",
        "facts": [
            *_delivery(order),
            _fact(_("Sender"), _("Headquarters")),
            _fact(_("Shipped on"), day(shipment.shipped_on)),
            _fact(_("Carrier"), shipment.carrier),
            _fact(_("Tracking number"), shipment.tracking_number),
            _fact(_("Application"), order.number, wide=True),
        ],
        "heads": [_("Packed"), _("Received"), _("Part number"), _("Name"), _("Pieces")],
        "lines": [
            {
                "part": row.number,
                "name": queries.part_name(row),
                "pieces": number(row.ShipmentLine.sent),
            }
            for row in lines
        ],
        "total": [_("Total"), number(sum(row.ShipmentLine.sent for row in lines))],
        **_signed(_("Headquarters"), _("Dealer")),
    }
    address = public_url_for("shipments.show", name=shipment.public_id)
    return paper("packing_slip", shipment.number, facts, address=address)


def pick_list(parts: Sequence[Picked]) -> Paper:
    """What to take from the shelves for several applications, part by part (A7)."""
    facts = {
        "title": _("Pick list"),
        "number": "",
        "status": "",
        "heads": ["", _("Part"), _("Pieces")],
        "parts": [
            {
                "part": part.part,
                "name": part.name,
                "pieces": number(part.pieces),
                "shares": [(*whose, number(pieces)) for *whose, pieces in part.shares],
            }
            for part in parts
        ],
    }
    return paper("pick_list", "pick-list", facts)


def _fact(label: str, value: Any, *, wide: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "wide": wide}


def _delivery(document: Application) -> list[dict[str, Any]]:
    """Whose application it is and where its parts go; of a draft as far as it is typed."""
    dealer, typed = queries.dealer_of(document), document.typed
    given = {
        name: getattr(document, name) if document.number else typed.get(name, "")[:TEXT]
        for name in ("contact", "phone", "delivery_address", "reference")
    }
    own = given["reference"]
    return [
        _fact(_("Dealer"), f"{dealer.code} · {dealer.name}", wide=True),
        _fact(_("Contact"), given["contact"]),
        _fact(_("Phone"), given["phone"]),
        _fact(_("Delivery address"), given["delivery_address"], wide=True),
        *([_fact(_("The dealer's own number"), own, wide=True)] if own else []),
    ]


def _line(row: AnyRow) -> dict[str, Any]:
    """A line as it was asked, and as headquarters answers it."""
    asked, answer = row.ApplicationLine, row.QuoteLine
    replaced = answer is not None and answer.part_id != asked.part_id
    return {
        "part": row.asked_number,
        "name": queries.part_name(row, "asked_"),
        "replaced": f"{row.sent_number} {queries.part_name(row, 'sent_')}" if replaced else "",
        "about": _about(
            asked.purpose,
            (asked.product_model, asked.serial),
            day(asked.purchase_date) if asked.purchase_date else "",
            " ".join(asked.fault.split()),
            " ".join(asked.remark.split()),
            f"{_('Headquarters:')} {answer.remark}" if answer and answer.remark else "",
        ),
        "asked": number(asked.quantity),
        "confirmed": number(answer.quantity) if answer else "",
        "differs": answer is not None and answer.quantity != asked.quantity,
        "price": money(answer.unit_price) if answer else "",
        "amount": money(answer.amount) if answer else "",
    }


def _about(purpose: str, product: tuple[str, str], bought: str, *more: str) -> list[str]:
    """What a line is for, in one line of text, and what there is to say about it, each in its."""
    first = (
        _("Warranty repair") if purpose == WARRANTY else _("Stock"),
        " ".join(filter(None, product)),
        _("bought on %(day)s", day=bought) if bought else "",
    )
    return [" · ".join(filter(None, first)), *filter(None, more)]


def _rows(document: Application) -> Iterator[dict[str, str]]:
    """The lines of a draft that say something, as they are typed."""
    return (row for row in forms.typed_rows(document.typed) if row["part"] or row["fault"])


def _typed(row: dict[str, str]) -> dict[str, Any]:
    kept = {
        name: " ".join(text[: TEXT if name == "fault" else LINE].split())
        for name, text in row.items()
    }
    product = kept["product_model"], kept["serial"]
    return {
        "part": kept["part"],
        "name": "",
        "replaced": "",
        "about": _about(kept["purpose"], product, kept["purchase_date"], kept["fault"]),
        "asked": kept["quantity"],
        "confirmed": "",
        "differs": False,
        "price": "",
        "amount": "",
    }


def _sums(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {"sums": [], "total": []}
    sums = {
        _("Parts"): quote.total - quote.freight - quote.packing,
        _("Freight"): quote.freight,
        _("Packing"): quote.packing,
    }
    return {
        "sums": [(label, money(amount)) for label, amount in sums.items()],
        "total": [_("Total"), money(quote.total)],
    }


def _notes(document: Application, quote: Quote | None) -> list[tuple[str, str]]:
    own = document.remark if document.number else document.typed.get("remark", "")
    return [(_("Remark"), own), (_("Headquarters:"), quote.remark if quote else "")]


def _signed(*sides: str) -> dict[str, Any]:
    return {
        "sides": sides,
        "words": {"signature": _("Signature and stamp"), "date": _("Date")},
    }
