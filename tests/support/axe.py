"""Accessibility as a machine can see it: axe-core, for WCAG 2.2 A and AA."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that look at colours: all that a second theme can change."""


@cache
def _source() -> str:
    return Path(sys.prefix, "node_modules/axe-core/axe.min.js").read_text()


def axe_violations(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong on a page as it now stands: a line for each rule and element.

    Some rules, or all of WCAG 2.2 AA and the best practices.
    """
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_source())
    all_of_them = {
        "runOnly": {"type": "tag", "values": TAGS},
        "rules": {"target-size": {"enabled": True}},
    }
    some = {"runOnly": {"type": "rule", "values": rules}}
    options = (some if rules else all_of_them) | {"resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{page.url} {rule['id']} ({rule['help']}): {' '.join(map(str, node['target']))}"
        f" {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
