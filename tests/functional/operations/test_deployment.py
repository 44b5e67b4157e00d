"""The examples of portal/operations/deployment, really started together: nginx, web, workers."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, insert, select

import portal.operations
from portal.core.db import session
from portal.core.jobs import Job
from portal.people.models import LoginSession
from tests.support import serving
from tests.support.portal import PASSWORD, Portal
from tests.support.serving import Visitors, children_of, wait_for

EXAMPLES = Path(portal.operations.__file__).parent / "deployment"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
PUBLIC = {
    "PORTAL_PUBLIC_URL": "https://parts.example.com",
    "PORTAL_SECURE_COOKIES": "yes",
    "PORTAL_PROXIES": "1",
    "PORTAL_WORKERS": "2",
}
HOST = "parts.example.com"
FRAME = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/site.conf;
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Answer:
    """What came back; headers by their names in small letters."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str


@dataclass
class Front:
    """nginx with the example's configuration, in front of a socket."""

    folder: Path
    plain: int
    secure: int

    @property
    def path(self) -> Path:
        return self.folder / "web.sock"

    def ask(
        self, method: str, url: str, body: bytes | None = None, *, comes_from: str = "127.0.0.1",
        **headers: str,
    ) -> Answer:  # fmt: skip
        """Ask through TLS, whose certificate is checked."""
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.secure, timeout=60, context=context, source_address=(comes_from, 0)
        )
        try:
            connection.request(method, url, body, {"Host": HOST, "Accept": "text/html"} | headers)
            got = connection.getresponse()
            named = {name.lower(): value for name, value in got.getheaders()}
            cookies = got.headers.get_all("Set-Cookie") or []
            return Answer(got.status, named, cookies, got.read().decode(errors="replace"))
        finally:
            connection.close()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """nginx as the example has it, but for its places."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    made = Front(tmp_path, free_port(), free_port())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", f"/CN={HOST}",
         "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1",
         "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    site = re.sub(r"\n *listen \[.*", "", (EXAMPLES / "nginx.conf").read_text())
    for theirs, ours in (
        ("listen 80;", f"listen 127.0.0.1:{made.plain};"),
        ("listen 443 ", f"listen 127.0.0.1:{made.secure} "),
        ("/etc/portal/tls", str(tmp_path)),
        ("/run/portal/web.sock", str(made.path)),
    ):
        assert theirs in site
        site = site.replace(theirs, ours)
    (tmp_path / "site.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(FRAME.format(folder=tmp_path, user=user))
    with subprocess.Popen(
        [NGINX, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"]
    ) as it:
        try:
            wait_for(lambda: (tmp_path / "nginx.pid").exists())
            yield made
        finally:
            it.terminate()


@contextmanager
def behind(front: Front) -> Iterator[socket.socket]:
    """The socket that systemd would hold."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(front.path))
        made.listen(512)
        yield made
    front.path.unlink(missing_ok=True)


@contextmanager
def served(front: Front, on: socket.socket, own: Portal) -> Iterator[subprocess.Popen[bytes]]:
    process = serving.start(on, own.app.extensions["settings"], "serve", **PUBLIC)
    try:
        wait_for(lambda: front.ask("GET", "/readyz").status == 200)
        yield process
    finally:
        serving.stop(process)


def signed_in(front: Front, **more: str) -> Answer:
    """Sign in as a browser does, from its page."""
    page = front.ask("GET", "/sign-in")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    typed = {"csrf_token": token[1], "email": "clerk@example.com", "password": PASSWORD}
    return front.ask(
        "POST", "/sign-in", urlencode(typed).encode(),
        **{
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": page.cookies[0].partition(";")[0],
            "Referer": f"https://{HOST}/sign-in",
        } | more,
    )  # fmt: skip


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_everything_works_together_when_started_as_the_examples_say(
    portal: Portal, front: Front
) -> None:
    """Headers for an A+, addresses, sizes, hosts, jobs, and two releases without a lost request."""
    settings = portal.app.extensions["settings"]
    with ExitStack() as stack:
        on = stack.enter_context(behind(front))
        serve = stack.enter_context(served(front, on, portal))
        for _number in range(2):
            stack.callback(serving.stop, serving.start(on, settings, "worker", **PUBLIC))
        _headers(front)
        _visitors(front, portal)
        _sizes(front)
        _jobs(portal)
        _replaced(front, serve)
    away = front.ask("GET", "/")
    assert away.status == 503
    assert away.headers["retry-after"] == "10"
    assert "takes effect once" in away.text
    assert "frame-ancestors 'none'" in away.headers["content-security-policy"]


def _headers(front: Front) -> None:
    """What Mozilla's Observatory asks for."""
    plain = http.client.HTTPConnection("127.0.0.1", front.plain)
    plain.request("GET", "/applications?tab=draft", headers={"Host": HOST})
    led = plain.getresponse()
    plain.close()
    assert (led.status, led.getheader("Location")) == (
        301, f"https://{HOST}/applications?tab=draft",
    )  # fmt: skip
    for url, status in (("/sign-in", 200), ("/", 303), ("/no/such/page", 404)):
        answer = front.ask("GET", url)
        assert answer.status == status
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'",
                     "form-action 'self'", "frame-ancestors 'none'"):  # fmt: skip
            assert part in policy
        age = re.match(
            r"max-age=(\d+); includeSubDomains", answer.headers["strict-transport-security"]
        )
        assert age
        assert int(age[1]) >= 15_768_000
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["server"] == "nginx"
        for cookie in answer.cookies:
            assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert front.ask("GET", "/sign-in").cookies


def _visitors(front: Front, own: Portal) -> None:
    """Where one comes from is what nginx saw, whatever one says; other hosts are refused."""
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert signed_in(front, **forged).status == 303
    with own.transaction():
        assert session.scalars(select(LoginSession.address)).all() == ["127.0.0.1"]
    assert front.ask("GET", "/sign-in", comes_from="127.0.0.2").status == 200
    for evil in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example", "Host": "a.b"}):
        answer = front.ask("GET", "/sign-in", **evil)
        assert answer.status == 400
        assert "evil" not in answer.text
    assert front.ask("GET", "/sign-in", **{"X-Forwarded-Host": "evil.example"}).status == 200


def _sizes(front: Front) -> None:
    """Only where photos of many old parts come in may a request be large; nginx stores no other."""
    for path, megabytes in (("/sign-in", 65), ("/old-parts/many", 513)):
        huge = {"Content-Length": str(megabytes * 1024 * 1024), "Expect": "100-continue"}
        answer = front.ask("POST", path, **huge)
        assert answer.status == 413
        assert "20 MB" in answer.text
    passed_on = front.ask("POST", "/old-parts/many", bytes(65 * 1024 * 1024))
    assert "20 MB; send fewer" not in passed_on.text, "nginx leaves it to the portal"


def _jobs(own: Portal) -> None:
    """Two workers at one queue: each job is done, once."""
    count, shape = 40, {"kind": "files.forget", "payload": {"keys": []}, "attempts": 0, "error": ""}
    now = own.app.extensions["clock"].now()
    with own.transaction():
        session.execute(
            insert(Job), [shape | {"key": f"k{at}", "run_at": now} for at in range(count)]
        )

    def done() -> bool:
        with own.transaction():
            which = (Job.done_at.is_not(None), Job.attempts == 1, Job.key.like("k%"))
            return session.scalars(select(func.count()).where(*which)).one() == count

    wait_for(done)


def _replaced(front: Front, serve: subprocess.Popen[bytes]) -> None:
    """SIGHUP under load, through TLS: signing in and reading go on."""
    visitors = Visitors(lambda: front.ask("GET", "/sign-in").status)
    senders = Visitors(lambda: signed_in(front).status)
    with visitors.at_work(3) as read, senders.at_work(2) as sent:
        for _time in range(2):
            before = children_of(serve)
            serve.send_signal(signal.SIGHUP)
            wait_for(lambda was=before: not children_of(serve) & was)  # type: ignore[misc]
            time.sleep(0.5)
    assert set(read) == {200}
    assert set(sent) == {303}
    assert read.total() > 10


def test_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    """systemd's own check, with a command that there is."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    names = [path.name for path in EXAMPLES.glob("portal-*")]
    assert len(names) == 3
    for name in names:
        text = (EXAMPLES / name).read_text().replace("/opt/portal/.venv/bin/portal", "/bin/true")
        (tmp_path / name).write_text(text)
    units = [tmp_path / name for name in names]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "portal-" in line]
    assert (done.returncode, ours) == (0, [])


def test_settings_of_the_example_are_sound(tmp_path: Path) -> None:
    """`portal check` finds nothing in what the example sets."""
    from portal.check import of_settings
    from portal.settings import Settings

    lines = (EXAMPLES / "portal.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.read(given | {"PORTAL_FOLDER": str(tmp_path)})
    assert [one.sentence for one in of_settings(settings) if one.is_wrong] == []
