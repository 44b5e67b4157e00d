"""P3: every endpoint declares its capability, and one that does not stops the start."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from flask import Blueprint

import portal
from portal.core.permissions import declared, is_declared
from portal.settings import Settings
from portal.web.routes import Pages, routes


def _page() -> str:
    return "open to all"


def _undeclared() -> Blueprint:
    pages = Blueprint("rogue", __name__)
    pages.add_url_rule("/rogue", "page", _page)
    return pages


def _unknown() -> Blueprint:
    pages = Pages("rogue", __name__)
    pages.get("/rogue", needs="rogue:read")(_page)
    return pages


@pytest.mark.parametrize("make", [_undeclared, _unknown])
def test_portal_does_not_start_when_a_route_has_no_known_capability(
    make: Callable[[], Blueprint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: neither a route that names none, nor one whose capability nobody declares."""
    rogue = ModuleType("portal.rogue.views")
    rogue.pages = make()  # type: ignore[attr-defined]
    found = [*portal._views(), rogue]
    monkeypatch.setattr(portal, "_views", lambda: found)
    with pytest.raises(RuntimeError, match="/rogue"):
        portal.create_app(Settings(folder=tmp_path, secret_key="test"))


def test_every_route_needs_something_known_when_listed(tmp_path: Path) -> None:
    """P3: what `portal routes` prints names a declared capability for each route."""
    listed = routes(portal.create_app(Settings(folder=tmp_path, secret_key="test")))
    assert len(listed) > 50
    for route in listed:
        assert is_declared(route["needs"]), route


def test_administrator_holds_no_money_and_no_decisions_when_listed() -> None:
    """P2: what the administrator may do is manage and propose; the auditor only reads."""
    mine = {name for name, roles in declared().items() if "administrator" in roles}
    for word in ("quote", "confirm", "release", "deposit", "reverse", "decide", "close", "ship"):
        assert not [name for name in mine if name.endswith(f":{word}")]
    auditors = {name for name, roles in declared().items() if "auditor" in roles}
    reads = {"read", "accounts", "owed", "findings", "accept", "reports"}
    assert {name.partition(":")[2] for name in auditors} <= reads
