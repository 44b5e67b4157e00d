"""Shipments in which a piece is missing or damaged, and what is done about it (A8)."""

from portal.applications import receipt, shipment_queries
from portal.applications.commands import Found
from portal.applications.models import DeliveryReport, Shipment
from portal.demo.course import Course
from portal.demo.stage import Script
from portal.demo.words import DAMAGED, MISSING, REFUNDED, SENT_AGAIN
from portal.files.services import keep

DAMAGE = "damage"
"""The turn of an order of which a piece arrives damaged; its photo is the order's key and this."""
TURNS = ("missing", DAMAGE)


def reported(course: Course, shipment: Shipment) -> Script:
    """The clerk reports a piece of the first line; unless it is to wait, the desk settles it."""
    is_damaged = course.order.turn == DAMAGE
    days = course.rng.randint(4, 6) if course.order.company.is_polish else 2
    yield course.turn_to("clerk", days)
    line = shipment_queries.lines_of(shipment)[0].ShipmentLine
    clerk, photos = course.by("clerk"), []
    if is_damaged:
        photo = course.stage.album.take(f"{course.order.key}/{DAMAGE}")
        photos = [keep(photo, by=clerk, now=course.now).public_id]
    made = receipt.report(
        shipment,
        {line.id: Found(damaged=1) if is_damaged else Found(short=1)},
        remark=course.say(DAMAGED if is_damaged else MISSING),
        photos=photos,
        seen=None,
        by=clerk,
        now=course.now,
    )
    if course.order.stop != "shipped":
        yield course.turn_to("desk", 1)
        _settle(course, made, line.id, is_damaged)


def _settle(course: Course, made: DeliveryReport, line_id: int, is_damaged: bool) -> None:
    receipt.settle(
        made,
        {line_id: receipt.REFUND if is_damaged else receipt.AGAIN},
        reason=course.say(REFUNDED if is_damaged else SENT_AGAIN),
        seen=None,
        by=course.by("desk"),
        now=course.now,
    )
