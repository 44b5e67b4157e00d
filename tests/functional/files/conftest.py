"""A portal with two dealers, and browsers of their people and of headquarters'."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from portal import create_app, migrate
from portal.core.clock import FixedClock
from portal.core.db import session, transaction
from portal.core.permissions import SYSTEM, Actor, Role
from portal.people import services as people
from portal.people.models import Dealer, User
from portal.settings import Settings

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
PASSWORD = "correct horse battery"
FACTS = people.DealerFacts(
    code="D0001", name="North", country="CN", region="", city="", address="", contact="",
    phone="", zone="Asia/Shanghai",
)  # fmt: skip


@dataclass(frozen=True)
class Portal:
    """A running portal and its people by name: ann and bob at D0001, eve at D0002, hq, aud."""

    app: Flask
    clock: FixedClock
    people: dict[str, User]
    dealers: dict[str, Dealer]

    def actor(self, name: str) -> Actor:
        """The person as who acts."""
        user = self.people[name]
        return Actor(user.id, user.name, user.side, user.dealer_id, user.roles)  # type: ignore[arg-type]

    def client(self, name: str) -> FlaskClient:
        """The person's browser, signed in."""
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"email": f"{name}@x.test", "password": PASSWORD})
        assert answer.status_code == 303
        return client


def furnish(settings: Settings) -> Portal:
    """Migrate a database, start the portal on it, and let people in."""
    migrate.upgrade(settings)
    clock = FixedClock(NOW)
    app = create_app(settings, clock=clock)
    app.config.update(WTF_CSRF_ENABLED=False, TESTING=True)
    members = {
        "ann": (Role.CLERK, "D0001"),
        "bob": (Role.CLERK, "D0001"),
        "eve": (Role.CLERK, "D0002"),
        "hq": (Role.DESK, None),
        "aud": (Role.AUDITOR, None),
    }
    with app.app_context(), transaction():
        dealers = {
            code: people.add_dealer(replace(FACTS, code=code, name=code), by=SYSTEM, now=NOW)
            for code in ("D0001", "D0002")
        }
        users = {
            name: people.add_user(
                email=f"{name}@x.test", name=name, password=PASSWORD, roles=[role],
                dealer=dealers[dealer] if dealer else None, by=SYSTEM, now=NOW,
            )
            for name, (role, dealer) in members.items()
        }  # fmt: skip
        session.flush()
        session.expunge_all()
    return Portal(app, clock, users, dealers)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Portal]:
    """The portal on each of the two databases."""
    settings = Settings(folder=tmp_path, secret_key="test")
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres")
        settings = replace(settings, database_url=new())
    house = furnish(settings)
    yield house
    with house.app.app_context():
        session.remove()
        for engine in house.app.extensions["sqlalchemy"].engines.values():
            engine.dispose()


@pytest.fixture
def photo() -> bytes:
    """A picture of 60 × 40."""
    target = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(target, "PNG")
    return target.getvalue()
