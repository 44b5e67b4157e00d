"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 40_000
"""So many milliseconds a page may take on a machine that has others to serve."""
DESKTOP, PHONE = 1280, 360
"""The two widths that every page is made for, in CSS pixels."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    program = shutil.which("chromium")
    if not program:
        raise RuntimeError("Chromium is not installed: run tests/support/install.sh")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser,
    address: str,
    *,
    width: int = DESKTOP,
    theme: Literal["light", "dark"] = "light",
    language: str = "en",
    javascript: bool = True,
    expected: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A page with cookies of its own, relative to an address.

    At the end the console must hold no error, but for those that contain an expected text.
    """
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 800},
        has_touch=width == PHONE,
        color_scheme=theme,
        reduced_motion="reduce",
        locale=language,
        java_script_enabled=javascript,
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    problems: list[str] = []
    context.on(
        "console",
        lambda message: (
            problems.append(f"{message.text} ({message.location['url']})")
            if message.type in ("error", "warning")
            else None
        ),
    )
    context.on("weberror", lambda error: problems.append(str(error.error)))
    try:
        yield context.new_page()
    finally:
        context.close()
    unexpected = [text for text in problems if not any(part in text for part in expected)]
    assert not unexpected, unexpected


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other, each on a page whose scripts have run.

    A title is seen before the scripts below it, and a key that nothing hears yet does nothing.
    """
    for key in keys:
        page.wait_for_load_state("domcontentloaded")
        page.keyboard.press(key)
