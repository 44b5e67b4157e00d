"""The tests' own tools: what they would not find, no other test would."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from flask import Flask, Response, request
from playwright.sync_api import Browser

from tests.support import postgres
from tests.support.axe import axe_violations
from tests.support.browser import PHONE, window
from tests.support.html import html_errors
from tests.support.server import serve

VALID = """<!doctype html>
<html lang="en"><head><title>A page</title></head>
<body><main><h1>A page</h1><p hx-get="/x" hx-swap:inherited="innerMorph">Text</p></main></body>
</html>"""


def test_nothing_found_when_page_is_valid() -> None:
    """The attributes of htmx are accepted."""
    assert html_errors({"page": VALID}) == []


def test_error_named_when_page_is_invalid() -> None:
    """Each finding names its page, among several."""
    broken = VALID.replace("Text", "<img src=x>").replace("<title>A page</title>", "")
    found = html_errors({"valid": VALID, "broken": broken})
    assert len(found) == 2
    assert all(line.startswith("broken:") for line in found)


def test_server_gone_when_holder_of_pipe_is_killed() -> None:
    """Nothing is left behind, however a test run ends."""
    code = (
        "import time; from tests.support.postgres import server\n"
        "with server() as address: print(address, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with run:
        assert run.stdout
        address = run.stdout.readline().strip()
        with psycopg.connect(address) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(row[0]).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(row[0]).exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2].split("/")[0])))


def test_own_database_when_asked_for(postgres_url: str) -> None:
    """Each worker has an empty database of its own."""
    with psycopg.connect(postgres_url) as connection:
        name = connection.execute("SELECT current_database()").fetchone()
    assert name
    assert os.environ.get("PYTEST_XDIST_WORKER", "master") in name[0]


def test_database_gone_when_done_with(postgres_server: str) -> None:
    """What a test made on the shared server goes with it."""
    with postgres.database(postgres_server, "partloop_passing") as address:
        psycopg.connect(address).close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(address)


@pytest.fixture
def site() -> Flask:
    """A site of two pages: a good one, and one with each of the faults that are looked for."""
    app = Flask(__name__)
    app.add_url_rule("/", "good", lambda: VALID)
    app.add_url_rule(
        "/bad",
        "bad",
        lambda: VALID.replace(
            "Text", '<a href="/"></a><script>console.error("broken")</script>'
        ).replace("<p", '<p style="color: #aaa; background: #fff">Pale</p><p'),
    )

    @app.after_request
    def strict(response: Response) -> Response:
        if request.path == "/":
            response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    return app


@pytest.mark.browser
def test_nothing_found_when_page_is_accessible(site: Flask, browser: Browser) -> None:
    """Axe runs where the page itself may run no inline script."""
    with serve(site) as address, window(browser, address, width=PHONE, expected=("404",)) as page:
        page.goto("/")
        assert axe_violations(page) == []
        assert page.evaluate("innerWidth") == PHONE


@pytest.mark.browser
def test_fault_named_when_page_is_not_accessible(site: Flask, browser: Browser) -> None:
    """Contrast and names are looked at; what is expected on the console is no failure."""
    with serve(site) as address, window(browser, address, expected=("broken", "404")) as page:
        page.goto("/bad")
        found = "\n".join(axe_violations(page))
    assert "color-contrast" in found
    assert "link-name" in found


@pytest.mark.browser
def test_failure_when_console_holds_error(site: Flask, browser: Browser) -> None:
    """An error that nobody expected fails the test that met it."""
    with (
        serve(site) as address,
        pytest.raises(AssertionError, match="broken"),
        window(browser, address) as page,
    ):
        page.goto("/bad")
