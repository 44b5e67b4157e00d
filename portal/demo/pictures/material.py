"""What parts are made of: how round and flat bodies of metal, plastic and rubber take the light."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Stops = Sequence[tuple[float, Colour]]
Box = tuple[float, float, float, float]

FINE = 2
"""Pieces are drawn so many times larger than they are shown: that smooths their edges."""

CHROME: Stops = (
    (0, (52, 56, 62)), (0.1, (150, 156, 162)), (0.24, (250, 251, 253)), (0.36, (186, 191, 197)),
    (0.55, (92, 97, 104)), (0.68, (62, 66, 72)), (0.82, (150, 154, 160)), (1, (70, 73, 78)),
)  # fmt: skip
STEEL: Stops = (
    (0, (84, 87, 90)), (0.25, (214, 217, 219)), (0.5, (168, 171, 174)), (0.8, (112, 115, 118)),
    (1, (72, 74, 77)),
)  # fmt: skip
BRASS: Stops = (
    (0, (84, 62, 24)), (0.22, (240, 214, 140)), (0.45, (198, 160, 82)), (0.75, (140, 106, 46)),
    (1, (78, 57, 22)),
)  # fmt: skip
WHITE: Stops = (
    (0, (168, 170, 170)), (0.28, (250, 250, 247)), (0.6, (226, 227, 224)), (1, (150, 151, 152)),
)  # fmt: skip
IVORY: Stops = (
    (0, (158, 150, 130)), (0.28, (246, 239, 220)), (0.6, (224, 215, 192)), (1, (142, 133, 112)),
)  # fmt: skip
GREY: Stops = (
    (0, (70, 74, 78)), (0.28, (156, 161, 165)), (0.6, (120, 125, 129)), (1, (62, 65, 69)),
)  # fmt: skip
BLACK: Stops = (
    (0, (16, 17, 18)), (0.26, (92, 94, 97)), (0.5, (46, 47, 49)), (1, (14, 14, 16)),
)  # fmt: skip
BLUE: Stops = (
    (0, (18, 48, 92)), (0.28, (104, 156, 214)), (0.6, (52, 102, 168)), (1, (16, 42, 82)),
)  # fmt: skip
RED: Stops = (
    (0, (92, 18, 16)), (0.28, (222, 98, 84)), (0.6, (176, 44, 36)), (1, (84, 16, 14)),
)  # fmt: skip
AMBER: Stops = (
    (0, (120, 84, 20)), (0.28, (244, 212, 128)), (0.6, (216, 170, 74)), (1, (112, 78, 20)),
)  # fmt: skip


def ramp(width: int, height: int, stops: Stops, *, across: bool = True) -> Image.Image:
    """A surface whose light changes across its width, or down its height."""
    strip = _strip(tuple(stops))
    if not across:
        strip = strip.transpose(Image.Transpose.ROTATE_270)
    return strip.resize((max(1, width), max(1, height)), Image.Resampling.BILINEAR)


@cache
def _strip(stops: tuple[tuple[float, Colour], ...]) -> Image.Image:
    strip = Image.new("RGB", (64, 1))
    strip.putdata([_at(stops, place / 63) for place in range(64)])
    return strip


def _at(stops: Stops, place: float) -> Colour:
    for (start, first), (end, second) in pairwise(stops):
        if place <= end:
            part = (place - start) / (end - start)
            red, green, blue = (
                round(a + (b - a) * part) for a, b in zip(first, second, strict=True)
            )
            return red, green, blue
    return stops[-1][1]


class Piece:
    """A part on a transparent ground; what is given in its methods is in shown pixels.

    What is drawn half transparent only changes the surface, not the outline.
    """

    def __init__(self, width: int, height: int) -> None:
        size = (width * FINE, height * FINE)
        self.surface, self.shape = Image.new("RGB", size), Image.new("L", size)
        # On a surface without transparency, what is drawn half transparent is mixed in.
        self.draw = ImageDraw.Draw(self.surface, "RGBA")
        self.outline = ImageDraw.Draw(self.shape)

    def shown(self, scale: float) -> Image.Image:
        """The piece at so many pixels for each of its own."""
        wide, high = self.shape.size
        size = (round(wide * scale / FINE), round(high * scale / FINE))
        image = self.surface.resize(size, Image.Resampling.BILINEAR)
        image.putalpha(self.shape.resize(size, Image.Resampling.BILINEAR))
        return image

    def body(self, box: Box, stops: Stops, *, radius: float = 0, across: bool = True) -> None:
        """A barrel, or with the light from above a bar; its corners may be round."""
        left, top, right, bottom = (round(edge * FINE) for edge in box)
        size = (right - left, bottom - top)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, size[0] - 1, size[1] - 1), round(radius * FINE), fill=255
        )
        self.surface.paste(ramp(*size, stops, across=across), (left, top), mask)
        self.shape.paste(mask, (left, top), mask)

    def disc(self, x: float, y: float, radius: float, stops: Stops, *, flat: float = 1) -> None:
        """A round face that the light crosses from the upper left; ``flat`` squeezes it."""
        size = (round(radius * 2 * FINE), round(radius * 2 * flat * FINE))
        face = ramp(*size, stops)
        face = Image.blend(face, ramp(*size, stops, across=False), 0.5)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=255)
        place = (round((x - radius) * FINE), round((y - radius * flat) * FINE))
        self.surface.paste(face, place, mask)
        self.shape.paste(mask, place, mask)

    def hole(self, x: float, y: float, radius: float, *, flat: float = 1) -> None:
        """An opening one cannot see into."""
        self.spot(x, y, radius, (18, 18, 20), flat=flat)
        self.spot(x + radius * 0.08, y + radius * 0.12, radius * 0.82, (34, 34, 37), flat=flat)

    def cut_out(self, x: float, y: float, radius: float, *, flat: float = 1) -> None:
        """An opening through which the bench is seen."""
        self.outline.ellipse(self._round(x, y, radius, flat), fill=0)

    def spot(
        self, x: float, y: float, radius: float, colour: Colour, *, flat: float = 1,
        alpha: int = 255,
    ) -> None:  # fmt: skip
        """A round spot of one colour."""
        self.draw.ellipse(self._round(x, y, radius, flat), (*colour, alpha))
        if alpha == 255:
            self.outline.ellipse(self._round(x, y, radius, flat), 255)

    def _round(self, x: float, y: float, radius: float, flat: float) -> Box:
        return (
            (x - radius) * FINE, (y - radius * flat) * FINE,
            (x + radius) * FINE, (y + radius * flat) * FINE,
        )  # fmt: skip

    def line(
        self, points: Sequence[tuple[float, float]], width: float, colour: Colour, alpha: int = 255
    ) -> None:
        """A line through points."""
        fine = [(x * FINE, y * FINE) for x, y in points]
        wide = max(1, round(width * FINE))
        self.draw.line(fine, (*colour, alpha), wide, joint="curve")
        if alpha == 255:
            self.outline.line(fine, 255, wide, joint="curve")

    def box(self, box: Box, colour: Colour, *, alpha: int = 255, radius: float = 0) -> None:
        """A flat rectangle."""
        left, top, right, bottom = (edge * FINE for edge in box)
        fine = (left, top, right, bottom)
        self.draw.rounded_rectangle(fine, radius * FINE, fill=(*colour, alpha))
        if alpha == 255:
            self.outline.rounded_rectangle(fine, radius * FINE, fill=255)

    def sheet(self, edge: Sequence[tuple[float, float]], colour: Colour) -> None:
        """A flat thing of any outline."""
        fine = [(x * FINE, y * FINE) for x, y in edge]
        self.draw.polygon(fine, colour)
        self.outline.polygon(fine, 255)

    def thread(self, box: Box, pitch: float = 9) -> None:
        """A screw thread on a barrel."""
        left, top, right, bottom = box
        for turn in range(int((bottom - top) / pitch)):
            y = top + turn * pitch
            self.line([(left, y + 3), (right, y)], 2.4, (20, 20, 22), 120)
            self.line([(left, y + 5.6), (right, y + 2.6)], 1.6, (255, 255, 255), 90)

    def edge(self, box: Box, *, alpha: int = 90) -> None:
        """A dark edge below and a light one above: where one body ends and another begins."""
        left, top, right, bottom = box
        self.line([(left, bottom), (right, bottom)], 2, (10, 10, 12), alpha)
        self.line([(left, top), (right, top)], 1.5, (255, 255, 255), alpha)

    def nut(self, x: float, y: float, width: float, height: float, stops: Stops) -> None:
        """A hexagon nut, seen from its side: three faces."""
        quarter = width / 4
        for left, right in ((0, quarter), (quarter, 3 * quarter), (3 * quarter, width)):
            self.body((x + left, y, x + right, y + height), stops, radius=3)
        self.edge((x, y, x + width, y + height))

    def tube(self, points: Sequence[tuple[float, float]], width: float, stops: Stops) -> None:
        """A bent tube along points, its light on the upper side."""
        steps = 9
        for step in range(steps):
            inset = step / steps
            shift = -width * 0.18 * inset
            self.line(
                [(x + shift * 0.6, y + shift) for x, y in points],
                width * (1 - inset) ** 0.9 + 1,
                _at(stops, 1 - 0.74 * inset),
            )
        for x, y in (points[0], points[-1]):
            self.spot(x, y, width * 0.46, _at(stops, 0.8))


def bent(
    start: tuple[float, float],
    one: tuple[float, float],
    two: tuple[float, float],
    end: tuple[float, float],
    count: int = 60,
) -> list[tuple[float, float]]:
    """Points on the curve between two ends that two handles pull."""
    points = []
    for step in range(count + 1):
        t = step / count
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append(
            tuple(
                a * p + b * q + c * r + d * s
                for p, q, r, s in zip(start, one, two, end, strict=True)
            )
        )
    return [(x, y) for x, y in points]


def around(x: float, y: float, radius: float, count: int) -> list[tuple[float, float]]:
    """Points evenly on a circle."""
    return [
        (x + radius * math.cos(turn), y + radius * math.sin(turn))
        for turn in (2 * math.pi * place / count for place in range(count))
    ]
