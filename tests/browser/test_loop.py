"""The loop end to end in a real browser: both widths, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from tests.browser import loop
from tests.support.browser import DESKTOP, PHONE
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    """Where the portal is served."""
    with serve(portal.app) as address:
        yield address


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo from a phone."""
    path = tmp_path_factory.mktemp("photo") / "valve.jpg"
    picture = Image.new("RGB", (1200, 900), "#99a")
    ImageDraw.Draw(picture).ellipse((300, 200, 900, 700), "#c84")
    picture.save(path)
    return path


@pytest.mark.parametrize(
    ("width", "way"),
    [
        (DESKTOP, {}),
        (PHONE, {}),
        (DESKTOP, {"keyboard": True}),
        (DESKTOP, {"scripts": False}),
    ],
    ids=["desktop", "phone", "keyboard alone", "without scripts"],
)
def test_money_comes_back_when_the_loop_is_walked(
    portal: Portal, browser: Browser, address: str, photo: Path, width: int, way: dict[str, bool]
) -> None:
    """A1–A8, O1–O5, R1–R7, L6: from the application to the reimbursement and its photo."""
    walk = loop.Walk(portal, browser, address, width, photo, **way)
    for step in loop.STEPS:
        step(walk)
