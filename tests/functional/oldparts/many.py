"""What tests of registering in bulk send: tables, photos, archives."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.core import jobs
from portal.core.db import session
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.batch_photos import LANE
from portal.sheets.writing import write_xlsx
from tests.support.portal import Client, Portal

HEADINGS = (
    "No.", "Part number", "Shipment", "Application", "Serial of the old part", "Customer's name",
    "Product model", "Product serial", "Failed on", "Replaced on", "Complaint", "Cause", "Remedy",
    "Photos",
)  # fmt: skip


def row(number: int, **other: str) -> list[str]:
    """A complete row of a fill valve that failed."""
    values = {
        "No.": str(number),
        "Part number": "FV-100",
        "Serial of the old part": f"OLD-{number}",
        "Customer's name": "李秀英",
        "Product model": "WC-9",
        "Product serial": f"SN-{number}",
        "Failed on": "2026-10-02",
        "Replaced on": "2026-10-12",
        "Complaint": "Water runs",
        "Cause": "Torn seal",
        "Remedy": "Replaced",
    }
    values |= other
    return [values.get(heading, "") for heading in HEADINGS]


def table(*rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> bytes:
    """A workbook of some rows."""
    return write_xlsx(headings, rows)


def photo(number: int = 0) -> bytes:
    """A photo that no other number has."""
    content = io.BytesIO()
    color = (number % 256, number // 256 % 256, 99)
    Image.new("RGB", (64, 48), color).save(content, "PNG")
    return content.getvalue()


def zipped(**files: bytes) -> bytes:
    """A .zip of photos by their names without ending."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, one in files.items():
            archive.writestr(f"{name}.png", one)
    return content.getvalue()


def send(
    client: Client,
    sheet: bytes,
    photos: dict[str, bytes] | None = None,
    name: str = "parts.xlsx",
    **query: str,
) -> TestResponse:
    """Send a table with photos, as the form does."""
    files: dict[str, Any] = {
        "file": (io.BytesIO(sheet), name),
        "photos": [(io.BytesIO(one), called) for called, one in (photos or {}).items()],
    }
    return client.post("/old-parts/many", files, query_string=query)


def work(portal: Portal) -> None:
    """Let the worker do what waits for it."""
    with portal.app.app_context():
        while jobs.drain(portal.clock, lane=LANE):
            pass
        session.remove()


def latest(portal: Portal) -> OldPartBatch:
    """The upload that came last."""
    with portal.transaction():
        return session.scalars(select(OldPartBatch).order_by(OldPartBatch.id.desc())).first()  # type: ignore[return-value]


def uploaded(portal: Portal, sheet: bytes, photos: dict[str, bytes], by: str = "clerk") -> str:
    """The address of an upload whose photos are read."""
    answer = send(portal.client(portal.cast[by]), sheet, photos)
    assert answer.status_code == 303, answer.text
    work(portal)
    return f"/old-parts/many/{latest(portal).public_id}"


def registered(portal: Portal, url: str, by: str = "clerk") -> TestResponse:
    """Press the button, and let the worker do it."""
    client = portal.client(portal.cast[by])
    answer = client.post(f"{url}/import", {"seen": str(latest(portal).version)})
    work(portal)
    return answer
