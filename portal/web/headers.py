"""The headers of every answer: no inline code, no framing, nothing kept after sign-out."""

from flask import Flask, request
from flask_compress import Compress
from werkzeug.wrappers import Response

POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
PAGE_HEADERS = HEADERS | {"Cache-Control": "no-store"}


def init_app(app: Flask) -> None:
    """Add the headers; an answer may have set its own beforehand. Then compress it."""
    app.config["COMPRESS_STREAMS"] = False  # they are photos, or files that are compressed already
    Compress(app)

    @app.after_request
    def _add(response: Response) -> Response:
        if request.endpoint == "static":
            response.direct_passthrough = False
            response.make_sequence()
        own = {name.lower() for name, _value in response.headers}
        added = HEADERS if request.endpoint == "static" else PAGE_HEADERS
        response.headers.extend(
            [header for header in added.items() if header[0].lower() not in own]
        )
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers.setdefault(
                "Strict-Transport-Security", "max-age=63072000; includeSubDomains"
            )
        return response
