"""Files that are made for a request: written to disk row by row, then sent."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from flask import current_app, send_file
from werkzeug.wrappers import Response

from portal.web import languages

KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def download(write: Callable[[IO[bytes]], None], name: str, kind: str) -> Response:
    """The file that ``write`` writes, to be saved under a name; ``kind`` is one of ``KINDS``."""
    file = TemporaryFile()  # noqa: SIM115 - the server closes it when it is sent
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return send_file(
        file, KINDS[kind], as_attachment=True, download_name=f"{name}.{kind}", max_age=0
    )


def attachment(content: bytes, name: str, kind: str) -> Response:
    """A file that is small enough to be made in memory, to be saved under a name."""
    return send_file(
        BytesIO(content), KINDS[kind], as_attachment=True, download_name=f"{name}.{kind}"
    )


def money() -> Callable[[int | None], Decimal | None]:
    """What writes amounts in minor units as a sheet has them: in major ones."""
    exponent: int = current_app.extensions["settings"].exponent
    return lambda amount: None if amount is None else Decimal(amount).scaleb(-exponent)


def moments() -> Callable[[datetime | None], datetime | None]:
    """What writes instants as a sheet has them: in the reader's zone, of which no cell knows."""
    zone = languages.zone()
    return lambda at: at and at.astimezone(zone).replace(tzinfo=None, microsecond=0)
