"""What a browser has to fetch: the first load of all, and the pages themselves, compressed."""

import gzip
import re

from tests.support.portal import Portal

KB = 1024
FIRST_LOAD, REQUESTS, PAGE, FRAGMENT = 45 * KB, 5, 14 * KB, 0.25


def tell(portal: Portal) -> None:
    """Print the sizes, and which of them are above their aim."""
    bytes_, count = first_load(portal)
    print(f"\nfirst load: {mark(bytes_, FIRST_LOAD)} in {count} requests (≤ {REQUESTS})")
    for name in ("clerk", "desk"):
        client = portal.client(portal.cast[name])
        page = client.get("/applications")
        head = len(str(page.headers).encode())
        size = head + len(gzip.compress(page.data, 6))
        print(f"list of 50, {name}: {mark(size, PAGE)} with headers")
        for url in ("/applications", "/applications?q=bp-0107"):
            whole = len(client.get(url).data)
            wanted = {"HX-Request": "true", "HX-Target": "div#results"}
            part = len(client.get(url, headers=wanted).data)
            print(f"  fragment of {url}: {part / whole:.2f} of the page's bytes (≤ {FRAGMENT})")
    print()


def first_load(portal: Portal) -> tuple[int, int]:
    """The bytes and the requests until the sign-in page stands in an empty browser."""
    client = portal.client()
    page = client.get("/sign-in")
    urls = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
    parts = [page.data, *(client.get(url.replace("&amp;", "&")).data for url in sorted(urls))]
    return sum(len(gzip.compress(part, 9)) for part in parts), len(parts)


def mark(size: int, most: int) -> str:
    """A size beside its aim."""
    return f"{size / KB:.1f} KB{'!' if size > most else ''} (≤ {most / KB:.0f})"
