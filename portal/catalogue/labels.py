"""What the codes on labels stand for."""

import re
from collections.abc import Iterable

from sqlalchemy import select

from portal.catalogue.models import Part
from portal.catalogue.queries import find_parts
from portal.core.db import session

_PAGE = re.compile(r"/parts/([A-Za-z0-9_-]{16})(?:[/?#].*)?")


def labelled(texts: Iterable[str]) -> dict[str, Part]:
    """The parts whose labels were scanned, by the texts of their codes.

    A label holds the address of the part's page, or its number.
    """
    texts = list(texts)
    names = {text: found[1] for text in texts if (found := _PAGE.search(text))}
    by_name = {
        part.public_id: part
        for part in session.scalars(select(Part).where(Part.public_id.in_(set(names.values()))))
    }
    ours = {text: by_name[name] for text, name in names.items() if name in by_name}
    return find_parts(text for text in texts if text not in names) | ours
