"""Error pages: a sentence, what to do, and a reference number that the log has too."""

import structlog
from flask import Flask, g, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from portal.core.errors import Refusal
from portal.core.i18n import _
from portal.web.htmx import render

log = structlog.get_logger()


def page(status: int, sentence: str | None = None) -> Response:
    """The page of an error; the sentence says what happened, in the reader's words."""
    return render(
        "errors/page.html", status=status, message=sentence, reference=g.get("request_id")
    )


def init_app(app: Flask) -> None:
    """Answer every error with a page of ours, and never with a trace."""

    @app.errorhandler(Refusal)
    def _refusal(refusal: Refusal) -> Response:
        return page(refusal.status, str(refusal))

    @app.errorhandler(CSRFError)
    def _token(_error: CSRFError) -> Response:
        return page(
            400, _("This page was open for too long, or belongs to another sign-in. Open it again.")
        )

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
        if app.testing:
            raise error
        log.exception("request failed", path=request.path, method=request.method)
        return page(InternalServerError.code)
