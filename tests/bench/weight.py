"""What a browser has to fetch: the first load of all, and the pages themselves, compressed."""

import gzip
import re

from tests.support.portal import Portal

KB = 1024
FIRST_LOAD, REQUESTS, PAGE = 45 * KB, 5, 14 * KB


def tell(portal: Portal) -> None:
    """Print the sizes, and which of them are above their aim."""
    parts = first_load(portal)
    size, sent = (sum(sizes) for sizes in zip(*parts, strict=True))
    print(f"first load, compressed: {mark(size, FIRST_LOAD)}; as the portal sends it: "
          f"{mark(sent, FIRST_LOAD)}; in {len(parts)} requests (≤ {REQUESTS})")  # fmt: skip
    for name in ("clerk", "desk"):
        page = portal.client(portal.cast[name]).get("/applications")
        size = len(str(page.headers).encode()) + len(gzip.compress(page.data, 6))
        print(f"list of 50 with its headers, compressed, {name}: {mark(size, PAGE)}")
    print()


def first_load(portal: Portal) -> list[tuple[int, int]]:
    """All that a browser fetches until the sign-in page stands: the bytes compressed, and sent."""
    client = portal.client()
    takes = {"Accept-Encoding": "gzip"}
    page = client.get("/sign-in", headers=takes)
    urls = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
    answers = [page, *(client.get(url, headers=takes) for url in sorted(urls))]
    assert all(answer.status_code == 200 for answer in answers)
    return [(len(gzip.compress(answer.data, 9)), len(answer.data)) for answer in answers]


def mark(size: int, most: int) -> str:
    """A size beside its aim."""
    return f"{size / KB:.1f} KB{'!' if size > most else ''} (≤ {most / KB:.0f})"
