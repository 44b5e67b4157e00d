"""What is measured: pairs of the same work, done by the portal and by a bare page."""

import io
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import Any
from urllib.parse import quote

from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal.core.permissions import Actor
from tests.bench.bare import Reader
from tests.bench.database import Database
from tests.bench.rows import FORM
from tests.support.portal import Portal

Work = Callable[[], Any]
SUBMIT = {**FORM, "seen": "1", "do": "submit"}


@dataclass(frozen=True)
class Pair:
    """Some work of the portal, the work that it is compared with, and how much more it may be.

    ``aim`` is None where the ratio is only told.
    """

    name: str
    aim: float | None
    portal: Work
    other: Work


class Visitor:
    """A signed-in person at the portal, asked as a server asks it: without a client's own work."""

    def __init__(self, portal: Portal, who: Actor) -> None:
        client = portal.client(who)
        self.app, self.csrf = portal.app, client.token
        cookie = client.http.get_cookie("partloop")
        assert cookie
        self.cookie = f"partloop={cookie.value}"
        with client.http.session_transaction() as kept:
            self.token = kept["_user_id"]

    def drained(self, url: str) -> Callable[[], int]:
        """The work of answering a request whose answer is long, and of passing it on."""
        headers = {"Cookie": self.cookie, "Accept-Language": "en"}
        request = EnvironBuilder(url, headers=headers).get_environ()

        def answer() -> int:
            chunks, status, _headers = run_wsgi_app(self.app, dict(request))
            assert status.startswith("200"), f"{url}: {status}"
            return sum(map(len, chunks))

        return answer

    def page(
        self, url: str, *, target: str = "", form: dict[str, str] | None = None
    ) -> Callable[[], str]:
        """The work of answering a request; with ``target``, the fragment of that name."""
        headers = {"Cookie": self.cookie, "Accept-Language": "en"}
        if target:
            headers |= {"HX-Request": "true", "HX-Target": f"div#{target}"}
        data = {"csrf_token": self.csrf, **form} if form else None
        request = EnvironBuilder(
            url, method="POST" if form else "GET", headers=headers, data=data
        ).get_environ()
        body = request["wsgi.input"].read()

        def answer() -> str:
            asked = {**request, "wsgi.input": io.BytesIO(body)}
            chunks, status, _headers = run_wsgi_app(self.app, asked)
            text = b"".join(chunks).decode()
            assert status[0] in "23", f"{url}: {status} {text[:500]}"
            return text

        return answer


def pairs(portal: Portal, database: Database, rows: int) -> list[Pair]:
    """Everything that is measured at one number of rows."""
    clerk, desk = Visitor(portal, portal.clerk), Visitor(portal, portal.desk)
    at_dealer = Reader(database, portal.clerk, clerk.token, portal.now)
    at_desk = Reader(database, portal.desk, desk.token, portal.now)
    key, at, text = database.all(
        "SELECT id, created_at, search_text FROM application WHERE id < :middle AND number "
        "IS NOT NULL ORDER BY id DESC LIMIT 1",
        middle=rows // 2,
    )[0]
    rare = text.rpartition(" ")[2]
    when = at.isoformat() if isinstance(at, datetime) else f"{at.replace(' ', 'T')}+00:00"
    cursor = urlsafe_b64encode(f"{when}|{key}".encode()).decode().rstrip("=")
    names = database.all(
        "SELECT public_id FROM application WHERE dealer_id = :dealer AND quote_version = 1 "
        "AND line_count = 3 ORDER BY id",
        dealer=portal.clerk.dealer_id,
    )
    some = [name for (name,) in names[:: max(1, len(names) // 25)]]
    details = cycle([(clerk.page(f"/applications/{name}"), name) for name in some])
    drafts = [
        f"/applications/{name}/edit"
        for (name,) in database.all("SELECT public_id FROM application WHERE id > :rows", rows=rows)
    ]
    typing = drafts.pop()
    submits = iter([clerk.page(url, form=SUBMIT) for url in drafts[::2]])
    others = iter([url.split("/")[2] for url in drafts[1::2]])

    whole, rare_page = desk.page("/applications"), desk.page(f"/applications?q={rare}")
    return [
        Pair("list of 50, dealer", 2.2, clerk.page("/applications"), at_dealer.list),
        Pair("list of 50, headquarters", 2.2, whole, at_desk.list),
        Pair(
            "list of 50, in the middle",
            2.2,
            desk.page(f"/applications?after={quote(cursor)}"),
            lambda: at_desk.list("", at, key),
        ),
        Pair(
            "queue of the desk",
            2.2,
            desk.page("/applications?tab=submitted"),
            at_desk.queue,
        ),
        Pair("search of a rare term", 2.2, rare_page, lambda: at_desk.list(rare)),
        Pair(
            "detail",
            2.5,
            lambda: next(details)[0](),
            lambda: at_dealer.detail(next(details)[1]),
        ),
        Pair(
            "submit of 5 lines",
            2.8,
            lambda: next(submits)(),
            lambda: at_dealer.submit(next(others)),
        ),
        Pair(
            "partial: found rows",
            0.7,
            desk.page(f"/applications?q={rare}", target="results"),
            rare_page,
        ),
        Pair("partial: 50 rows", 0.7, desk.page("/applications", target="results"), whole),
        Pair(
            "partial: saved as typed",
            0.7,
            clerk.page(typing, target="estimate", form=FORM | {"seen": "1"}),
            clerk.page(typing),
        ),
    ]
