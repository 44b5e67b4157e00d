"""Product models, policies and sold units to test with."""

from datetime import date

from portal.catalogue.models import ProductModel, SoldUnit, WarrantyPolicy
from portal.catalogue.queries import number_key
from portal.core.db import session
from portal.core.search import normal
from tests.support.portal import Portal


def model(portal: Portal, number: str = "W310", name: str = "Liora toilet") -> int:
    """A product model's key."""
    with portal.transaction():
        made = ProductModel(
            status="active",
            created_at=portal.now,
            number=number,
            number_key=number_key(number),
            name=name,
            search_text=normal(number, name),
        )
        session.add(made)
        session.flush()
        return made.id


def policy(
    portal: Portal, model_id: int, months: int, since: date = date(2020, 1, 1), category: str = ""
) -> None:
    """Months of warranty from a day on."""
    with portal.transaction():
        session.add(
            WarrantyPolicy(
                model_id=model_id, category=category, months=months, effective_from=since
            )
        )


def sold(
    portal: Portal, model_id: int, serial: str, on: date, dealer: str | None = "north"
) -> None:
    """A unit that was sold."""
    with portal.transaction():
        session.add(
            SoldUnit(
                model_id=model_id,
                serial=serial,
                serial_key=number_key(serial),
                sold_on=on,
                dealer_id=portal.dealers[dealer] if dealer else None,
                created_at=portal.now,
            )
        )
