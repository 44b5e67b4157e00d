"""The pages of charges for old parts (O6)."""

from sqlalchemy import select

from portal.core.db import session
from portal.oldparts.charge_models import OldPartCharge
from tests.support import story
from tests.support.portal import Portal


def status_of(portal: Portal, charge: OldPartCharge) -> str:
    """A charge's status as the database has it."""
    with portal.transaction():
        statement = select(OldPartCharge.status).where(OldPartCharge.id == charge.id)
        return str(session.scalars(statement).one())


def test_charge_shows_both_sides_how_it_was_worked_out(portal: Portal) -> None:
    """O6, P4: the price list, the prices, the pieces, and what was deducted."""
    charge = story.charged(portal)
    for who in ("clerk", "finance"):
        page = portal.client(portal.cast[who]).get(f"/old-part-charges/{charge.public_id}")
        assert page.status_code == 200
        for words in (charge.number, "2 of 2", "CN¥25.00", "CN¥12.50", "15 days"):
            assert words in page.text, words
    listed = portal.client(portal.desk).get("/old-part-charges?q=fv-100")
    assert charge.number in listed.text
    assert "D0001" in listed.text
