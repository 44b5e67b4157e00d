"""The receipt of a carrier, photographed on a desk."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN = 900, 1200, 110
_DESK, _PAPER, _INK = (139, 122, 104), (250, 248, 242), (52, 52, 60)


def receipt(lines: Sequence[str], total: str) -> bytes:
    """A JPEG of a paper with these lines, and what was paid beneath them."""
    paper = Image.new("RGB", (WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN), _PAPER)
    draw = ImageDraw.Draw(paper)
    head, *rest = lines
    draw.text((50, 50), head, _INK, ImageFont.load_default(44))
    for place, line in enumerate(rest):
        draw.text((50, 170 + 60 * place), line, _INK, ImageFont.load_default(30))
    below = 210 + 60 * len(rest)
    draw.line((50, below, paper.width - 50, below), _INK, 3)
    draw.text((50, below + 30), total, _INK, ImageFont.load_default(52))
    scene = Image.new("RGB", (WIDTH, HEIGHT), _DESK)
    turned = paper.rotate(2.5, Image.Resampling.BICUBIC, expand=True, fillcolor=_DESK)
    scene.paste(turned, ((WIDTH - turned.width) // 2, (HEIGHT - turned.height) // 2))
    target = io.BytesIO()
    scene.save(target, "JPEG", quality=86)
    return target.getvalue()
