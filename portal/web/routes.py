"""Routes (P3): each names the capability that it needs; one that names none stops the start.

A safe request is one reading transaction. An unsafe one is guarded first and then runs in one
writing transaction, which is committed when the answer is not an error. A route with slow work to
do, such as reading a file, opens its own transactions around it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from portal.core import documents
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading
from portal.core.errors import NotFound
from portal.core.permissions import PUBLIC, SIGNED_IN, Actor, is_declared
from portal.web import presses

View = Callable[..., ResponseReturnValue]
D = TypeVar("D", bound=documents.Document)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_needs: dict[str, str] = {"static": PUBLIC}
_own_transactions: set[str] = set()
_most_bytes: dict[str, int] = {}


class Pages(Blueprint):
    """A feature's routes."""

    def get(  # type: ignore[override]
        self, rule: str, *, needs: str, own_transactions: bool = False
    ) -> Callable[[View], View]:
        """A page that only reads. With ``own_transactions`` the view opens them itself."""
        return self._page(rule, "GET", needs, own_transactions)

    def post(  # type: ignore[override]
        self,
        rule: str,
        *,
        needs: str,
        own_transactions: bool = False,
        keeps_refused: bool = False,
        most_bytes: int | None = None,
    ) -> Callable[[View], View]:
        """A change. With ``own_transactions`` the view opens them itself, around slow work.

        With ``keeps_refused`` also the transaction of a form that is answered with 422 takes
        effect: what the view keeps of it outside ``form.refusals()``. ``most_bytes`` is for what
        may be larger than other requests.
        """

        def declare(view: View) -> View:
            if most_bytes:
                _most_bytes[f"{self.name}.{view.__name__}"] = most_bytes
            return self._page(rule, "POST", needs, own_transactions, keeps_refused)(view)

        return declare

    def _page(
        self,
        rule: str,
        method: str,
        needs: str,
        own_transactions: bool,
        keeps_refused: bool = False,
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            endpoint = f"{self.name}.{view.__name__}"
            _needs[endpoint] = needs
            if own_transactions:
                _own_transactions.add(endpoint)
            own = method == "GET" or own_transactions
            wrapped = view if own else writing(view, keeps_refused=keeps_refused)
            self.add_url_rule(rule, view.__name__, wrapped, methods=[method])
            return view

        return declare


def writing(view: View, *, keeps_refused: bool = False) -> Callable[..., Response]:
    """The view in one writing transaction, committed when its answer is not an error.

    A form that was sent before is answered as it was then (``presses``).
    """

    @wraps(view)
    def in_one_transaction(**values: Any) -> Response:
        def answer() -> Response:
            return current_app.make_response(view(**values))

        return in_transaction(
            lambda: presses.once(answer, now=now()),
            keep=lambda response: (
                response.status_code < 400 or (keeps_refused and response.status_code == 422)
            ),
        )

    return in_one_transaction


def actor() -> Actor:
    """Who makes this request; only behind a route that needs somebody."""
    who: Actor = current_user.actor
    return who


def clock() -> Clock:
    """The application's clock."""
    the_clock: Clock = current_app.extensions["clock"]
    return the_clock


def now() -> datetime:
    """The time of this request, the same from its beginning to its end, in HQ's zone (T1)."""
    if "now" not in g:
        g.now = clock().now()
    at: datetime = g.now
    return at


def is_safe() -> bool:
    """Whether this request may only read."""
    return request.method in SAFE


def load(model: type[D], name: str) -> D:
    """The document of that public id, if this actor may see it (P1); locked if unsafe."""
    return documents.find(model, name, actor(), lock=not is_safe())


def go(endpoint: str, **values: Any) -> Response:
    """After a change: show the page where it can be seen (303)."""
    return redirect(url_for(endpoint, **values), code=303)


def needs_of(endpoint: str) -> str:
    """The capability that an endpoint needs; KeyError if it declares none."""
    return _needs[endpoint]


def _open() -> ResponseReturnValue | None:
    stack = g.transaction = ExitStack()
    stack.enter_context(reading())
    refusal = _guard()
    if not is_safe() or request.endpoint in _own_transactions:
        stack.close()
    return refusal


def _guard() -> ResponseReturnValue | None:
    if not current_app.extensions["settings"].answers_to(request.host):
        raise BadRequest()
    if request.endpoint is None:
        return None
    if "\0" in request.path:  # no name holds one, and PostgreSQL cannot even be asked for it
        raise NotFound()
    needs = needs_of(request.endpoint)
    if needs == PUBLIC:
        return None
    if not current_user.is_authenticated:
        answer: ResponseReturnValue = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return answer
    if needs != SIGNED_IN:
        actor().must(needs)
    if request.endpoint in _most_bytes:
        request.max_content_length = _most_bytes[request.endpoint]
    return None


def _close(_error: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("transaction", None)
    if stack is not None:
        stack.close()


def init_app(app: Flask) -> None:
    """Guard every request. The first of the hooks: nothing reads before it."""
    app.before_request(_open)
    app.teardown_request(_close)


def check_routes(app: Flask) -> None:
    """Stop the start if a route names no capability, or one that nobody declares (P3)."""
    for rule in app.url_map.iter_rules():
        if not is_declared(_needs.get(rule.endpoint, "")):
            raise RuntimeError(f"the route {rule.rule} ({rule.endpoint}) declares no capability")


def routes(app: Flask) -> list[dict[str, Any]]:
    """Every route: rule, methods, endpoint, and what it needs."""
    return [
        {
            "rule": rule.rule,
            "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}),
            "endpoint": rule.endpoint,
            "needs": _needs[rule.endpoint],
        }
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    ]
