"""PDF as its readers have it: what stands on the pages, what they look like, what scans."""

from collections.abc import Iterator

import pypdfium2
import zxingcpp
from werkzeug.test import TestResponse

A4 = (595, 842)
"""Width and height in points."""


class Paper:
    """An answer that is a PDF, opened with PDFium as Chromium does."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200, answer.status_code
        assert answer.mimetype == "application/pdf"
        self.name = answer.headers["Content-Disposition"].partition("filename=")[2]
        self._pages = list(pypdfium2.PdfDocument(answer.data))

    def __len__(self) -> int:
        return len(self._pages)

    def __iter__(self) -> Iterator[str]:
        """The text of each page without blanks, which Chinese has none of."""
        for page in self._pages:
            text = page.get_textpage().get_text_range().replace("\u200b", "")
            yield "".join(text.split())

    @property
    def text(self) -> str:
        """The text of all pages, without blanks."""
        return "".join(self)

    @property
    def sizes(self) -> set[tuple[int, int]]:
        """Widths and heights in points."""
        return {(round(page.get_width()), round(page.get_height())) for page in self._pages}

    @property
    def codes(self) -> list[str]:
        """What a phone reads off each page."""
        pictures = (page.render(scale=3).to_pil() for page in self._pages)
        return [code.text for picture in pictures for code in zxingcpp.read_barcodes(picture)]
