"""What tests share of servers and browsers; tests/conftest.py takes it in as a plugin."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from playwright.sync_api import Browser

from tests.support import browser as browsers
from tests.support import postgres

POSTGRES = "PARTLOOP_TEST_POSTGRES"
"""The variable with the address of the server; who sets it beforehand brings their own."""

_servers = pytest.StashKey[ExitStack]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """One PostgreSQL for all workers, held by the process that started them."""
    servers = config.stash[_servers] = ExitStack()
    if POSTGRES not in os.environ:
        # Without one, those tests that need it say so.
        with suppress(postgres.NotInstalled):
            os.environ[POSTGRES] = servers.enter_context(postgres.server())
            servers.callback(os.environ.pop, POSTGRES)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, also after Ctrl-C."""
    if servers := config.stash.get(_servers, None):
        servers.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of the session's PostgreSQL, which starts with the first test that needs it."""
    if address := os.environ.get(POSTGRES):
        yield address
    else:
        with postgres.server() as address:
            yield address


@pytest.fixture(scope="session")
def new_postgres(
    postgres_server: str, testrun_uid: str, worker_id: str
) -> Iterator[Callable[[], str]]:
    """Make new and empty databases: each call gives the address of one, dropped at the end."""
    with ExitStack() as databases:
        count = 0

        def new() -> str:
            nonlocal count
            count += 1
            name = f"partloop_{testrun_uid[:8]}_{worker_id}_{count}"
            return databases.enter_context(postgres.database(postgres_server, name))

        yield new


@pytest.fixture(scope="session")
def postgres_url(new_postgres: Callable[[], str]) -> str:
    """The address of this worker's own database, empty when the session begins."""
    return new_postgres()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """This worker's browser; open pages through tests.support.browser.window."""
    with browsers.chromium() as browser:
        yield browser
