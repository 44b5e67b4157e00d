"""The lists of old parts, of what is owed of them, and of what was charged, as files."""

from portal.catalogue import fault_code_queries
from portal.catalogue.queries import number_key
from portal.core.i18n import _
from portal.oldparts import charge_views, owed_views, policy, queries
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS
from portal.oldparts.views import shown, shown_to_register
from portal.web import exports, languages, lists
from portal.web.exports import Column
from portal.web.routes import Pages

pages = Pages("oldpartlists", __name__, url_prefix="/old-parts")


@exports.offers(pages, "", of="oldparts.index", needs=policy.READ)
def export() -> exports.Table:
    """The old parts as the list shows them, with what was found."""
    faults = fault_code_queries.names(languages.code())
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(OldPart.workflow)),
        Column(_("Payment"), "payment", lambda key: str(PAYMENTS[key].label)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Part"), "part_number"),
        Column(_("Part name"), "part_name"),
        Column(_("Serial of the old part"), "old_serial"),
        Column(_("Customer"), "customer_name"),
        Column(_("Product model"), "product_model"),
        Column(_("Product serial"), "product_serial"),
        Column(_("Purchase date"), "purchase_date"),
        Column(_("Failed on"), "failed_on"),
        Column(_("Replaced on"), "replaced_on"),
        Column(_("Fault code"), "fault_code"),
        Column(_("Fault"), "fault_code", lambda code: faults.get(number_key(code), "")),
        Column(_("Complaint"), "complaint"),
        Column(_("Cause"), "cause"),
        Column(_("Remedy"), "remedy"),
        Column(_("Cost price"), "unit_price", exports.money()),
        Column(_("Registered on"), "created_at", exports.moments()),
    ]
    statement = shown().whole.add_columns(
        OldPart.old_serial,
        OldPart.purchase_date,
        OldPart.replaced_on,
        OldPart.fault_code,
        OldPart.complaint,
        OldPart.cause,
        OldPart.remedy,
    )
    return exports.Table(_("Old parts"), statement, columns)


@exports.offers(pages, "/to-register", of="oldparts.to_register", needs=policy.REGISTER)
def export_to_register() -> exports.Table:
    """What is to be registered, as the list shows it."""
    moment = exports.moments()
    columns = [
        Column(_("New part"), "part_number"),
        Column(_("Part name"), "part_name"),
        Column(_("Pieces"), "quantity"),
        Column(_("Pieces left"), "left"),
        Column(_("Product model"), "product_model"),
        Column(_("Product serial"), "serial"),
        Column(_("Application"), "application_number"),
        Column(_("Shipment"), "shipment_number"),
        Column(_("Received on"), "received_at", moment),
    ]
    if lists.current(queries.OPEN_TABS).name == "required":
        columns.append(Column(_("Due"), "register_by", moment))
    return exports.Table(_("Old parts to register"), shown_to_register().whole, columns)


@exports.offers(pages, "/owed", of="owed.index", needs=policy.OWED)
def export_owed() -> exports.Table:
    """What dealers owe, line by line."""
    moment = exports.moments()
    columns = [
        Column(_("New part"), "part_number"),
        Column(_("Part name"), "part_name"),
        Column(_("Due"), "created_at", moment),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Pieces"), "quantity"),
        Column(_("Pieces left"), "pieces"),
        Column(_("Deducted"), "value", exports.money()),
        Column(_("Application"), "application_number"),
        Column(_("Shipment"), "shipment_number"),
        Column(_("Received on"), "received_at", moment),
    ]
    return exports.Table(_("Owed old parts"), owed_views.shown().whole, columns)


@exports.offers(pages, "/charges", of="oldpartcharges.index", needs=policy.READ_CHARGES)
def export_charges() -> exports.Table:
    """The charges as the list shows them."""
    moment = exports.moments()
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(OldPartCharge.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Part"), "part_number"),
        Column(_("Part name"), "part_name"),
        Column(_("Pieces"), "pieces"),
        Column(_("Amount"), "amount", exports.money()),
        Column(_("When"), "created_at", moment),
        Column(_("Answer by"), "answer_by", moment),
    ]
    return exports.Table(_("Old-part charges"), charge_views.shown().whole, columns)
