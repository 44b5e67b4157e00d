"""How long another dealer waits for a page while ten strangers send hostile pictures.

A real server in a process of its own, as `portal run` starts it, asked over sockets.
"""

import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from PIL import Image

from portal import migrate
from portal.cli import serving
from portal.settings import Settings
from tests.bench.pages import Visitor
from tests.support import portal as portals
from tests.support.server import serve

UPLOADS, PAGES = 10, 40
MOST = 3.0
BOUNDARY = "x" * 24


def hostile() -> bytes:
    """A picture of as many pixels as we take, in few bytes."""
    content = io.BytesIO()
    Image.linear_gradient("L").resize((7000, 7000)).convert("RGB").save(content, "PNG")
    return content.getvalue()


def tell() -> None:
    """Say how much slower a page is meanwhile."""
    with TemporaryDirectory(prefix="partloop-") as folder, _served(Path(folder)) as (at, portal):
        page = Visitor(portal, portal.manager)
        sender = Visitor(portal, portal.other_manager)
        ask = _asking(at, page.cookie)
        quiet = _median(ask)
        stop, picture = threading.Event(), hostile()
        senders = [
            threading.Thread(target=_send, args=(at, sender, picture, stop))
            for _number in range(UPLOADS)
        ]
        for one in senders:
            one.start()
        time.sleep(2)
        busy = _median(ask)
        stop.set()
        for one in senders:
            one.join()
    missed = "!" if busy > MOST * quiet else ""
    print(
        f"a list while {UPLOADS} hostile pictures come in: {busy / quiet:.2f}{missed} of its quiet "
        f"time ({busy * 1000:.1f} / {quiet * 1000:.1f} ms, ≤ {MOST})"
    )


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, portals.Portal]]:
    url = f"sqlite:///{folder / 'portal.sqlite'}"
    settings = Settings(folder=folder, database_url=url, secret_key="test")
    migrate.upgrade(settings)
    portals.fill(portals.new(folder, url))
    portal = portals.meet(portals.new(folder, url))
    with serve(portal.app, **serving(settings)) as address:
        yield urlsplit(address).netloc, portal


def _asking(at: str, cookie: str) -> Callable[[], None]:
    def ask() -> None:
        connection = http.client.HTTPConnection(at, timeout=120)
        connection.request("GET", "/applications", headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        connection.close()

    return ask


def _median(ask: Callable[[], None]) -> float:
    taken = []
    for _page in range(PAGES):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return median(taken)


def _send(at: str, who: Visitor, content: bytes, stop: threading.Event) -> None:
    body = b"".join(
        [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'.encode(),
            f"{who.csrf}\r\n--{BOUNDARY}\r\n".encode(),
            b'Content-Disposition: form-data; name="photos"; filename="a.png"\r\n',
            b"Content-Type: image/png\r\n\r\n",
            content,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        ]
    )
    headers = {
        "Cookie": who.cookie,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    while not stop.is_set():
        connection = http.client.HTTPConnection(at, timeout=300)
        connection.request("POST", "/files", body, headers)
        connection.getresponse().read()
        connection.close()
