"""Who is told of what finance does by hand with a dealer's account."""

from sqlalchemy import select

from portal.core.db import session
from portal.core.permissions import Role
from portal.ledger import services
from portal.notices.models import Notice
from portal.people import services as people
from portal.people.models import Dealer
from tests.functional.ledger.books import again, deposit, set_limit
from tests.support.portal import PASSWORD, Portal


def told(portal: Portal) -> dict[str, int]:
    """How many notices each of the cast has, of those who have any."""
    with portal.transaction():
        users = list(session.scalars(select(Notice.user_id)))
    counts = {name: users.count(actor.id) for name, actor in portal.cast.items() if actor.id}
    return {name: count for name, count in counts.items() if count}


def test_dealers_people_are_told_when_a_deposit_arrives_and_is_reversed(portal: Portal) -> None:
    """P1, L7, L3: clerk and manager of that dealer, in words that lead to the account."""
    made = deposit(portal, "ICBC 77")
    assert told(portal) == {"clerk": 1, "manager": 1}
    with portal.transaction():
        services.reverse(again(made), by=portal.finance, now=portal.now, reason="Wrong dealer")
    set_limit(portal, 500, reason="Pays in time")
    assert told(portal) == {"clerk": 3, "manager": 3}
    client = portal.client(portal.manager)
    page = client.get("/inbox").text
    for words in (
        "Finance booked a deposit",
        "Finance reversed a deposit",
        "Wrong dealer",
        "Finance changed the credit limit",
        "Pays in time",
        "Account</span> D0001",
    ):
        assert words in page
    with portal.transaction():
        name = session.get_one(Dealer, portal.dealers["north"]).public_id
        first = session.scalars(
            select(Notice.id).where(Notice.user_id == portal.manager.id).order_by(Notice.id)
        ).first()
    answer = client.post(f"/inbox/{first}")
    assert (answer.status_code, answer.location) == (303, f"/accounts/{name}")
    page = client.get(answer.location).text
    assert "Bank reference ICBC 77" in page
    assert portal.client(portal.other_manager).get(f"/inbox/{first}").status_code == 404


def test_nobody_is_told_when_the_deposit_is_refused(portal: Portal) -> None:
    """L7: what did not happen is told to nobody; what happened once, once."""
    client = portal.client(portal.finance)
    with portal.transaction():
        name = session.get_one(Dealer, portal.dealers["north"]).public_id
    typed = {"dealer": name, "amount": "1.00", "reference": "ICBC 77"}
    codes = [client.post("/deposits/new", typed).status_code for _time in range(2)]
    assert codes == [303, 422]
    assert told(portal) == {"clerk": 1, "manager": 1}


def test_deactivated_person_is_not_told_when_a_deposit_arrives(portal: Portal) -> None:
    """P5: who has left hears of nothing."""
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        gone = people.add_user(
            email="gone@example.com",
            name="Gone",
            password=PASSWORD,
            roles=[Role.CLERK],
            dealer=dealer,
            by=portal.manager,
            now=portal.now,
        )
        people.deactivate(gone, seen=None, reason="Left", by=portal.manager, now=portal.now)
    deposit(portal, "ICBC 77")
    with portal.transaction():
        assert session.scalar(select(Notice.id).where(Notice.user_id == gone.id)) is None
