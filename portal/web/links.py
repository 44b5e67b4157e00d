"""Addresses of pages, as Flask's ``url_for`` gives them, at a tenth of the cost.

The shape of an address is asked for once; what people's documents are called goes into it as it
is, because it consists of letters, digits, dashes and underscores.
"""

import re
from functools import lru_cache
from typing import Any

import flask
from flask import current_app, has_request_context, request

_plain = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def url_for(endpoint: str, **values: Any) -> str:
    """The address of an endpoint with these values."""
    if endpoint.startswith(".") or not all(
        type(value) is str and _plain(value) and name.isidentifier() and name[0] != "_"
        for name, value in values.items()
    ):
        return flask.url_for(endpoint, **values)
    shape = _shape(request.script_root, endpoint, *values)
    return shape.format_map(values) if shape else flask.url_for(endpoint, **values)


def public_url_for(endpoint: str, **values: Any) -> str:
    """The whole address of an endpoint, for what leaves the portal: paper, codes, mail.

    It begins with the installation's public address, if one is set; else with what this request
    asked for, or where the portal listens when there is none.
    """
    settings = current_app.extensions["settings"]
    if not has_request_context():  # a job
        return str(settings.origin + current_app.url_map.bind("").build(endpoint, values))
    return public_origin() + url_for(endpoint, **values)


def public_origin() -> str:
    """What the addresses of this request's pages begin with: the public address, if one is set."""
    public: str = current_app.extensions["settings"].public_url
    return public or request.host_url.rstrip("/")


@lru_cache(1024)
def _shape(_root: str, endpoint: str, *names: str) -> str | None:
    """An address with its values' names in braces; None if a text cannot stand in for a value."""
    try:
        values: dict[str, Any] = {name: f"qz{name}zq" for name in names}
        address = flask.url_for(endpoint, **values)
    except ValueError:
        return None
    for name in names:
        address = address.replace(f"qz{name}zq", f"{{{name}}}")
    return address
