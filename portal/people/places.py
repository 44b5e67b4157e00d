"""Places of ours to go on to, and no others."""

import re

_PLACE = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def own_address(target: str) -> str:
    """A place of ours to go on to: never another site's."""
    return target if _PLACE.fullmatch(target) else "/"
