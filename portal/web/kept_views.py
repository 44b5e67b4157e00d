"""The views of lists that a person keeps: the filters of a URL, under a name of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_login import current_user

from portal.web import lists


@dataclass(frozen=True)
class Saved:
    """The views of a list that a person keeps: name, address, whether it is this one.

    ``path`` is the list's, ``query`` the filters that are on now.
    """

    path: str
    query: str
    views: Sequence[tuple[str, str, bool]]


_with_views: set[str] = set()


def keeps(endpoint: str) -> None:
    """Declare a list of whose filters people may keep views."""
    _with_views.add(endpoint)


def has(endpoint: str) -> bool:
    """Whether people may keep views of a list."""
    return endpoint in _with_views


def as_query(parameters: Mapping[str, str]) -> str:
    """The filters among a list's parameters, as a URL has them; not the place in the list."""
    return urlencode(lists.filters_of(parameters))


def saved() -> Saved:
    """This person's views of this list."""
    query, address = as_query(request.args.to_dict()), request.script_root + request.path
    kept = current_user.saved_views.get(request.endpoint, {})
    return Saved(
        request.path,
        query,
        [(name, f"{address}?{own}", own == query) for name, own in kept.items()],
    )
