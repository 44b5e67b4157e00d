"""Whole pages and their fragments: the same template answers both."""

from collections.abc import Callable, Collection
from typing import Any

from flask import current_app, make_response, request
from werkzeug.wrappers import Response

from portal.web import templates


def wanted(fragments: Collection[str]) -> str | None:
    """The block that htmx asks for: its target's id, where that is one of the page's blocks."""
    if request.headers.get("HX-Request") != "true":
        return None
    # htmx 4 names the target as ``tag#id``.
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    return target if target in fragments else None


def render(
    template: str,
    *,
    fragments: Collection[str] = (),
    status: int = 200,
    whole: Callable[[], dict[str, Any]] = dict,
    **context: Any,
) -> Response:
    """A page, or the block of it that htmx asks for; ``Vary`` says that they differ.

    ``whole`` gives what only the whole page shows.
    """
    page = templates.template(template)
    context["status"] = status
    current_app.update_template_context(context)
    block = wanted(fragments)
    if block is None:
        text = page.render(context | whole())
    else:
        text = "".join(page.blocks[block](page.new_context(context)))
    response: Response = make_response(text, status)
    if fragments:
        response.vary.update(("HX-Request", "HX-Target"))
    return response
