"""What a browser has to fetch, as it is sent: the first load of all, and the pages themselves."""

import re

from werkzeug.test import TestResponse

from tests.support.portal import Client, Portal

KB = 1024
FIRST_LOAD, REQUESTS, PAGE = 45 * KB, 5, 14 * KB
"""The most that an empty cache has to fetch, in how many requests; the most of one page."""

TAKES = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def sent(answer: TestResponse) -> int:
    """How many bytes of headers and content went over the line."""
    return len(str(answer.headers).encode()) + len(answer.data)


def everything(client: Client, url: str) -> list[TestResponse]:
    """A page, and all that a browser with an empty cache fetches for it."""
    page = client.get(url, headers=TAKES)
    urls = sorted(set(re.findall(r'(?:href|src)="(/static/[^"#]+)', client.get(url).text)))
    return [page, *(client.get(url, headers=TAKES, buffered=True) for url in urls)]


def tell(portal: Portal) -> None:
    """Print the sizes, and which of them are above their aim."""
    answers = everything(portal.client(), "/sign-in")
    size = mark(sum(map(sent, answers)), FIRST_LOAD)
    print(f"first load: {size} in {len(answers)} requests (≤ {REQUESTS})")
    for name in ("clerk", "desk"):
        page = portal.client(portal.cast[name]).get("/applications", headers=TAKES)
        print(f"list of 50, {name}: {mark(sent(page), PAGE)}")
    print()


def mark(size: int, most: int) -> str:
    """A size beside its aim."""
    return f"{size / KB:.1f} KB{'!' if size > most else ''} (≤ {most / KB:.0f})"
