"""Error pages: a sentence, what to do, and a reference number that the log has too."""

import errno
from typing import Any

import structlog
from flask import Flask, current_app, g, make_response, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from portal.core.db import is_away
from portal.core.errors import Frozen, Refusal
from portal.core.i18n import _, _l
from portal.web.htmx import render
from portal.web.logs import address
from portal.web.presses import BY_SCRIPT

log = structlog.get_logger()
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL = ("disk is full", "No space left")
"""What SQLite and PostgreSQL say then."""
AGAIN_AFTER = 10
"""After how many seconds a machine that was told 503 may ask again."""


def page(status: int, sentence: str | None = None, remedy: str | None = None) -> Response:
    """The page of an error; the sentence says what happened, in the reader's words.

    ``remedy`` says what to do, where it is not what others of this status need.
    """
    return render(
        "errors/page.html",
        status=status,
        message=sentence,
        remedy=remedy,
        reference=g.get("request_id"),
    )


def _trouble(error: Exception) -> Any:
    """What is the matter with the machine or its database, in a sentence; None if it is not that.

    A database that has no room says so itself.
    """
    has_no_room = isinstance(error, OSError) and error.errno in NO_ROOM
    if has_no_room or (is_away(error) and any(sign in str(error) for sign in FULL)):
        return _l(
            "The portal has no room left on its disk, so nothing can be kept. "
            "Whoever runs it has to make some."
        )
    if is_away(error):
        return _l("The portal cannot reach its database just now. Please try again in a minute.")
    return None


def _unavailable(sentence: Any) -> Response:
    """The page of 503, which asks the database nothing more: not even who reads it.

    So the sentence is a lazy one: its language would be the reader's.
    """
    if "_login_user" not in g:
        g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]
    answer = page(503, str(sentence))
    answer.headers["Retry-After"] = str(AGAIN_AFTER)
    return answer


def init_app(app: Flask) -> None:
    """Answer every error with a page of ours, and never with a trace."""

    @app.errorhandler(Refusal)
    def _refusal(refusal: Refusal) -> Response:
        return page(refusal.status, str(refusal))

    @app.errorhandler(Frozen)
    def _frozen(refusal: Frozen) -> Response:
        return page(403, str(refusal), _("Ask headquarters: they can let your company work again."))

    @app.errorhandler(CSRFError)
    def _token(_error: CSRFError) -> Response:
        sentence = _(
            "This page was open for too long, or belongs to another sign-in. Open it again."
        )
        if request.headers.get("HX-Request") != "true" and BY_SCRIPT not in request.headers:
            return page(400, sentence)
        answer = make_response(sentence, 400)
        answer.mimetype = "text/plain"
        if request.headers.get("X-Person") == str(current_user.id):
            # Whoever has the page signed in again: its script goes on with the new token. No
            # other site can read it, nor send these headers.
            answer.headers["X-CSRFToken"] = generate_csrf()
        return answer

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return error.get_response()
        answer = page(error.code)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def _crash(error: Exception) -> Response:
        if (sentence := _trouble(error)) is not None:
            log.error("request not answered", path=address(), error=str(error).partition("\n")[0])
            return _unavailable(sentence)
        if app.testing:
            raise error
        log.exception("request failed", path=address(), method=request.method)
        return page(InternalServerError.code)
