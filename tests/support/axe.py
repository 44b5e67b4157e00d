"""Accessibility as a machine can see it: axe-core, for WCAG 2.2 A and AA."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


SEEN = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
"""The rules whose answer depends on how wide a page is and in which theme."""


@cache
def _source() -> str:
    return Path(sys.prefix, "node_modules/axe-core/axe.min.js").read_text()


def axe_violations(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong on a page as it now stands: a line for each rule and element.

    By all its rules, or some.
    """
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_source())
    options = {
        "runOnly": {"type": "rule" if rules else "tag", "values": rules or TAGS},
        "rules": {} if rules else {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
    }
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{page.url} {rule['id']} ({rule['help']}): {' '.join(map(str, node['target']))}"
        f" {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
