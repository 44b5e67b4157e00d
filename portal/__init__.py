"""Partloop: warranty parts between dealers and headquarters."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask import Flask, get_flashed_messages
from flask_login import current_user
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.core import db
from portal.core.clock import Clock, SystemClock
from portal.core.errors import FROZEN
from portal.core.i18n import _
from portal.settings import RESOURCES, Settings
from portal.sheets.writing import write_csv_to, write_xlsx_to
from portal.web import (
    errors,
    exports,
    filters,
    frame,
    headers,
    languages,
    logs,
    mail,
    metrics,
    presses,
    routes,
    templates,
)

FEATURES = (
    "people",
    "terms",
    "files",
    "ledger",
    "corrections",
    "catalogue",
    "banking",
    "applications",
    "oldparts",
    "collections",
    "advances",
    "fees",
    "invoices",
    "claims",
    "notices",
    "reports",
    "operations",
    "owndata",
    "privacy",
)
"""The rooms with pages, in the order in which they may know each other."""

LARGEST_REQUEST = 64 * 1024 * 1024


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, processes: int = 1
) -> Flask:
    """Wire the portal: the one place where everything comes together.

    ``processes`` is how many are forked from this one to serve it. The database is not touched:
    migrating is a command of its own. RuntimeError if a route declares no capability (P3).
    """
    settings = settings or Settings.read()
    app = Flask(
        "portal",
        template_folder=str(RESOURCES / "templates"),
        static_folder=str(RESOURCES / "static"),
        instance_path=str(settings.folder.resolve()),
    )
    app.config.update(
        SECRET_KEY=settings.key(),
        SQLALCHEMY_DATABASE_URI=settings.url,
        SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(settings.url),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=8 * 1024 * 1024,
        MAX_FORM_PARTS=10_000,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        SESSION_COOKIE_NAME="partloop",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.secure_cookies,
    )
    app.extensions["settings"] = settings
    app.extensions["clock"] = clock or SystemClock(settings.hq_zone)
    for part in (templates, db, logs, headers, routes, languages, filters, errors, presses, mail):
        part.init_app(app)
    exports.init_app(app, {"xlsx": write_xlsx_to, "csv": write_csv_to})
    CSRFProtect(app)
    for views in _views():
        app.register_blueprint(views.pages)
        if hasattr(views, "init_app"):
            views.init_app(app)
    app.context_processor(_frame)
    routes.check_routes(app)
    metrics.init_app(app, processes)
    if settings.proxies:
        # Each proxy adds whom it serves; scheme and host are the nearest one's word.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=1, x_host=1
        )
    return app


@cache
def _views() -> list[Any]:
    """The features' modules with pages: ``views`` and whatever ends so, in the features' order."""
    return [
        import_module(f"portal.{feature}.{module.name}")
        for feature in FEATURES
        for module in iter_modules(import_module(f"portal.{feature}").__path__)
        if module.name.endswith("views")
    ]


def _frame() -> dict[str, Any]:
    """What the frame around every page shows."""
    actor = current_user.actor
    return {
        "actor": actor,
        "rooms": frame.rooms_of(actor) if actor else [],
        "unread": getattr(current_user, "unread", 0),
        "whose": (current_user.dealer_name or _("Headquarters")) if actor else "",
        "frozen": FROZEN if actor and actor.is_frozen else "",
        "messages": get_flashed_messages(with_categories=True),
    }
