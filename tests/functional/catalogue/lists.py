"""Sending a price list as an administrator does: file, columns, preview, import."""

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from tests.support.portal import Client

REAL = Path(__file__).parents[4] / "shared" / "data" / "parts_price"
"""Where the real price lists lie, if they do."""

HEADINGS = ("Part number", "Name", "Unit", "Category", "Cost price", "Out-of-warranty price")


def csv(rows: Iterable[Iterable[object]], headings: Iterable[str] = HEADINGS) -> bytes:
    """A file of comma-separated values in UTF-8."""
    return "\r\n".join(",".join(map(str, row)) for row in (headings, *rows)).encode()


def send(
    client: Client, content: bytes, file_name: str = "prices.csv", **typed: Any
) -> TestResponse:
    """Send a file."""
    fields = {
        "file": (BytesIO(content), file_name),
        "effective_from": "2026-10-12",
        "name": "",
        **typed,
    }
    return client.post("/price-lists/new", fields, content_type="multipart/form-data")


def seen(page: str) -> str:
    """The version that a page carries."""
    found = re.search(r'name="seen"[^>]*value="(-?\d+)"', page)
    assert found, page
    return found[1]


def choose(client: Client, columns_url: str, **chosen: str) -> TestResponse:
    """Take the columns as they are proposed, but for those that are given by heading or ""."""
    page = client.get(columns_url).text
    typed = {"seen": seen(page)}
    selects = re.compile(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', re.DOTALL)
    for key, options in selects.findall(page):
        by_heading = {
            text.strip(): index
            for index, text in re.findall(
                r'value="(\d*)">([^<]*)<', options.replace(" selected", "")
            )
        }
        selected = re.search(r'selected value="(\d*)"|value="(\d*)" selected', options)
        typed[key] = "".join(group or "" for group in selected.groups()) if selected else ""
        if key in chosen:
            typed[key] = by_heading[chosen[key]] if chosen[key] else ""
    return client.post(columns_url, typed)


def preview(client: Client, content: bytes, file_name: str = "prices.csv", **more: str) -> str:
    """Send a file, agree to its columns; the address of its preview."""
    day = more.pop("effective_from", "2026-10-12")
    sent = send(client, content, file_name, effective_from=day)
    assert sent.status_code == 303, sent.text
    chosen = choose(client, sent.location, **more)
    assert chosen.status_code == 303, chosen.text
    return chosen.location


def take_in(client: Client, url: str, version: str | None = None) -> TestResponse:
    """Import what a preview shows."""
    version = version or seen(client.get(url).text)
    return client.post(f"{url}/import", {"seen": version})


def shares(page: str) -> dict[str, int]:
    """The counts on a preview's tabs, by their words."""
    found = re.findall(
        r'<a href="[^"]*show=[^"]*"[^>]*>([^<]+?) <span class="n">(\d+)</span>', page
    )
    return {words: int(count) for words, count in found}
