"""Accessibility as a machine can see it: axe-core, for WCAG 2.2 A and AA."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@cache
def _source() -> str:
    return Path(sys.prefix, "node_modules/axe-core/axe.min.js").read_text()


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong on a page as it now stands: a line for each rule and element."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_source())
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "rules": {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
    }
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{page.url} {rule['id']} ({rule['help']}): {' '.join(map(str, node['target']))}"
        f" {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
