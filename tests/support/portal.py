"""A portal to test with: migrated, peopled, on SQLite or PostgreSQL, with a clock that stands.

The cast, the parts and their prices are made once for each worker, through the services; every
test finds them, and nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from portal import create_app, migrate
from portal.catalogue.models import Part, Price, PriceList
from portal.core import workflow
from portal.core.clock import FixedClock
from portal.core.db import db, session, transaction
from portal.core.documents import kind_named
from portal.core.events import Event
from portal.core.permissions import SYSTEM, Actor, Role
from portal.core.search import normal
from portal.core.workflow import CODE
from portal.files import services as files
from portal.files import storage
from portal.ledger import services as ledger
from portal.operations.facts import remember
from portal.people import services as people
from portal.people import sign_in
from portal.people.models import Dealer, User
from portal.settings import Settings
from portal.terms.values import TERMS
from portal.web import timeline
from tests.support import copies

HQ = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 10, 12, 10, 0, tzinfo=HQ)
PASSWORD = "correct horse battery"

DEALERS = {
    "north": people.DealerFacts(
        "D0001",
        "北方卫浴服务有限公司",
        "CN",
        "北京市",
        "北京",
        "朝阳路 1 号",
        "王坤",
        "010-5555 0101",
        "Asia/Shanghai",
    ),
    "south": people.DealerFacts(
        "D0002",
        "Łazienki Południe sp. z o.o.",
        "PL",
        "małopolskie",
        "Kraków",
        "ul. Długa 7",
        "Grażyna Żak",
        "+48 12 555 01 02",
        "Europe/Warsaw",
    ),
}
CAST: dict[str, tuple[str | None, Role]] = {
    "clerk": ("north", Role.CLERK),
    "manager": ("north", Role.MANAGER),
    "other_clerk": ("south", Role.CLERK),
    "other_manager": ("south", Role.MANAGER),
    "desk": (None, Role.DESK),
    "finance": (None, Role.FINANCE),
    "warehouse": (None, Role.WAREHOUSE),
    "reviewer": (None, Role.REVIEWER),
    "administrator": (None, Role.ADMINISTRATOR),
    "auditor": (None, Role.AUDITOR),
}
PARTS = (
    ("FV-100", "Fill valve", "进水阀", "Zawór napełniający", 1250, 2500),
    ("FP-200", "Flapper seal", "排水封垫", "Uszczelka klapy", 480, 990),
    ("TH-300", "Thermostatic cartridge", "恒温阀芯", "Głowica termostatyczna", 15000, 28000),
    ("NP-400", "Trim ring without a price", "无价装饰圈", "Pierścień bez ceny", 0, 0),
)
DEPOSIT = 1_000_000
"""What each dealer has on the account at the start, in minor units."""


@event.listens_for(Event, "init")
def has_words(_event: Event, _args: Any, facts: dict[str, Any]) -> None:
    """Whatever test it is: each event that it writes has words for people, and so has each value.

    A new value belongs into the ``VALUES`` of its feature's ``history.py``.
    """
    kind = kind_named(facts["document_kind"])
    name, values = facts["name"], set(facts["values"]) - {timeline.FILES, CODE}
    known = name in kind.words or name in timeline.WORDS or kind.model.workflow.named(name)
    assert known, f"the event {name} of a {kind.name} has no words"
    assert values <= set(kind.values), f"{values - set(kind.values)} of a {kind.name} has no label"


@dataclass
class Client:
    """A browser of one person: it carries the cookie and the form token."""

    http: FlaskClient
    token: str

    def get(self, url: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.http.get(url, **options)

    def post(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with its token."""
        return self.http.post(url, data={"csrf_token": self.token, **(data or {})}, **options)


@dataclass
class Portal:
    """One installation under test."""

    app: Flask
    clock: FixedClock
    cast: dict[str, Actor] = field(default_factory=dict)
    dealers: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The time that stands on the clock."""
        return self.clock.now()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block that calls services: committed at its end."""
        with self.app.app_context(), transaction():
            yield

    def __getattr__(self, name: str) -> Actor:
        """A person of the cast by name: ``portal.clerk``."""
        try:
            return self.cast[name]
        except KeyError:
            raise AttributeError(name) from None

    def client(self, who: Actor | None = None) -> Client:
        """The browser of somebody, signed in; of nobody without a name."""
        http = self.app.test_client()
        with self.app.test_request_context():
            token = generate_csrf()
            from flask import session as cookie

            kept = dict(cookie)
        if who is not None:
            with self.transaction():
                user = session.get_one(User, who.id)
                kept["_user_id"] = sign_in.begin(
                    user, address="127.0.0.1", agent="test", now=self.now
                )
        with http.session_transaction() as cookie:
            cookie.update(kept)
        return Client(http, token)


def _people(portal: Portal) -> None:
    now = START
    made = {}
    for name, facts in DEALERS.items():
        made[name] = people.add_dealer(facts, by=SYSTEM, now=now)
        ledger.deposit(
            dealer_id=made[name].id,
            amount=DEPOSIT,
            reference=f"START {facts.code}",
            by=SYSTEM,
            now=now,
        )
    for name, (dealer, role) in CAST.items():
        people.add_user(
            email=f"{name}@example.com",
            name=name.replace("_", " ").title(),
            password=PASSWORD,
            roles=[role],
            dealer=made[dealer] if dealer else None,
            by=SYSTEM,
            now=now,
        )


def _parts() -> None:
    administrator = session.scalars(
        select(User).where(User.email == "administrator@example.com")
    ).one()
    prices = PriceList(
        status="imported",
        created_at=START,
        name="Start",
        effective_from=date(2026, 1, 1),
        file_name="start.csv",
        file_key="",
        sha256="",
        mapping={},
        uploaded_by_id=administrator.id,
    )
    session.add(prices)
    session.flush()
    for number, name, name_zh, name_pl, cost, retail in PARTS:
        part = Part(
            status="active",
            number=number,
            number_key=number.upper(),
            name=name,
            name_zh=name_zh,
            name_pl=name_pl,
            unit="pcs",
            search_text=normal(number, name, name_zh, name_pl),
            created_at=START,
        )
        session.add(part)
        workflow.begin(part, by=SYSTEM, now=START, number=number)
        session.add(
            Price(
                part_id=part.id,
                price_list_id=prices.id,
                effective_from=prices.effective_from,
                cost=cost,
                retail=retail,
            )
        )


class _Compiled(BytecodeCache):
    """Every test makes an application, and all of them show the same templates."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get(self._key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code
        self.codes[self._key(bucket)] = bucket.code

    @staticmethod
    def _key(bucket: Bucket) -> tuple[str, str, str]:
        language: str = getattr(bucket.environment, "language", "")
        return language, bucket.key, bucket.checksum


_compiled = _Compiled()


files.reencode = lru_cache(256)(files.reencode)  # type: ignore[attr-defined]
"""Most tests send the same picture: one child process for each content will do."""


TERMS["claim.spot_check"] = replace(TERMS["claim.spot_check"], default=0)
"""What is approved together is approved; a test that wants spot checks decrees them."""


TERMS["claim.close_four_eyes"] = replace(TERMS["claim.close_four_eyes"], default=0)
"""One reviewer closes most tests' months; a test that wants a second one decrees it."""


HASHER = sign_in.hasher
"""What makes a try at a password slow; here it may cost nothing."""
sign_in.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def new(folder: Path, url: str, at: datetime = START) -> Portal:
    settings = Settings(folder=folder, database_url=url, secret_key="test")
    clock = FixedClock(at)
    app = create_app(settings, clock=clock)
    app.testing = True
    app.jinja_env.bytecode_cache = _compiled
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _hasty)
    return Portal(app, clock)


def _hasty(connection: Any, _record: Any) -> None:
    """No test pulls the plug: nobody waits for the disk."""
    connection.execute("PRAGMA synchronous=OFF").close()


def fill(portal: Portal) -> None:
    with portal.transaction():
        remember(portal.app.extensions["settings"])
        _people(portal)
        _parts()
    with portal.app.app_context():
        db.engine.dispose()


def meet(portal: Portal) -> Portal:
    with portal.transaction():
        for user in session.scalars(select(User)):
            portal.cast[user.email.partition("@")[0]] = user.actor
        codes = {facts.code: name for name, facts in DEALERS.items()}
        portal.dealers = {codes[d.code]: d.id for d in session.scalars(select(Dealer))}
        portal.parts = {part.number: part.id for part in session.scalars(select(Part))}
    return portal


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the cast and the parts, to copy."""
    folder = tmp_path_factory.mktemp("template")
    migrate.upgrade(Settings(folder=folder, secret_key="test"))
    fill(new(folder, ""))
    return folder / "portal.sqlite"


@pytest.fixture(scope="session")
def sqlite_copy(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> copies.Copy:
    """This worker's SQLite file."""
    return copies.SqliteCopy(sqlite_template, tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="session")
def postgres_copy(
    new_postgres: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[copies.Copy]:
    """This worker's PostgreSQL database."""
    url = new_postgres()
    folder = tmp_path_factory.mktemp("template")
    migrate.upgrade(Settings(folder=folder, database_url=url, secret_key="test"))
    fill(new(folder, url))
    with copies.postgres_copy(url) as copy:
        yield copy


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with the cast and the parts, on each of the two databases."""
    name = {"sqlite": "sqlite_copy", "postgresql": "postgres_copy"}[request.param]
    copy: copies.Copy = request.getfixturevalue(name)
    copy.renew()
    yield copy.url
    copy.check()


@pytest.fixture(scope="session")
def installations() -> Iterator[dict[str, Portal]]:
    """This worker's portals by the addresses of their databases.

    Making an application costs as much as a test, and what it has compiled is worth keeping.
    """
    made: dict[str, Portal] = {}
    yield made
    for portal in made.values():
        with portal.app.app_context():
            db.engine.dispose()


@pytest.fixture
def portal(database: str, tmp_path: Path, installations: dict[str, Portal]) -> Iterator[Portal]:
    """A portal with its cast, at the start of the story.

    Tests share its application; one that adds to it takes ``own_portal``.
    """
    if database not in installations:
        installations[database] = meet(new(tmp_path, database))
    made = _again(installations[database], tmp_path)
    before = _wiring(made.app)
    yield made
    with made.app.app_context():
        # The file is another's next time, and so is a connection that somebody still holds.
        if db.engine.dialect.name == "sqlite" or db.engine.pool.checkedout():  # type: ignore[attr-defined]
            db.engine.dispose()
        if _wiring(made.app) != before:
            db.engine.dispose()
            del installations[database]


def _again(portal: Portal, folder: Path) -> Portal:
    """The portal for the next test: its own folder, its own clock."""
    app, clock = portal.app, FixedClock(START)
    settings = replace(app.extensions["settings"], folder=folder)
    app.extensions |= {"settings": settings, "clock": clock}
    app.instance_path, app.testing = str(folder), True
    storage.use(storage.FolderStorage(settings.files_folder))
    return Portal(app, clock, dict(portal.cast), dict(portal.dealers), dict(portal.parts))


def _wiring(app: Flask) -> tuple[Any, ...]:
    """What a test may have changed of an application, but for what the next one sets anew."""
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    extensions = {name: id(one) for name, one in app.extensions.items()}
    settings: Settings = app.extensions["settings"]
    return (
        [(name, value) for name, value in app.config.items() if name != "TESTING"],
        [(name, list(functions)) for kind in hooks for name, functions in kind.items()],
        {name: one for name, one in extensions.items() if name not in ("settings", "clock")},
        replace(settings, folder=Path()),
        dict(app.view_functions),
        dict(app.jinja_env.globals),
        dict(app.jinja_env.filters),
        app.wsgi_app,
    )


@pytest.fixture
def own_portal(portal: Portal) -> Iterator[Portal]:
    """The same portal with an application that no other test uses."""
    settings: Settings = portal.app.extensions["settings"]
    made = new(settings.folder, settings.database_url)
    yield replace(portal, app=made.app, clock=made.clock)
    with made.app.app_context():
        db.engine.dispose()
