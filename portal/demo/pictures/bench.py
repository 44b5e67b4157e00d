"""A photo as a mechanic takes it: the worn part on a bench, under a lamp, not quite straight."""

import io
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from portal.demo.pictures.material import AMBER, FINE, RED, STEEL, Piece, bent
from portal.demo.pictures.pieces import PIECES

SIZE = (1200, 900)
_ROOM = (1500, 1150)
_BENCHES = ("wood", "mat", "steel", "tile", "card")


def photo(kind: str, seed: str) -> bytes:
    """A JPEG of 1200 × 900 of a worn part of that kind; the same seed draws the same picture."""
    rng = Random(seed)  # noqa: S311
    scene = _ground(rng)
    if rng.random() < 0.75:
        corner = (rng.choice((150, 1060)), rng.choice((100, 810)))
        lay(scene, _aside(rng).shown(1.1), rng.uniform(-75, 75), corner)
    piece = PIECES[kind](rng)
    fitting = min(1.5, 880 * FINE / max(piece.shape.size))
    worn = _worn(piece.shown(fitting * rng.uniform(0.88, 1.05)), kind, rng)
    centre = (600 + rng.randint(-70, 70), 450 + rng.randint(-40, 40))
    lay(scene, worn, rng.uniform(-75, 75), centre)
    return _developed(scene, rng)


# --- The bench ------------------------------------------------------------------------------


def _ground(rng: Random) -> Image.Image:
    room = _bench(rng.choice(_BENCHES))
    left = rng.randint(0, _ROOM[0] - SIZE[0])
    top = rng.randint(0, _ROOM[1] - SIZE[1])
    ground = room.crop((left, top, left + SIZE[0], top + SIZE[1]))
    if rng.random() < 0.5:
        ground = ImageOps.mirror(ground)
    return ground


@cache
def _bench(kind: str) -> Image.Image:
    return {"wood": _wood, "mat": _mat, "steel": _brushed, "tile": _tile, "card": _card}[kind]()


def _grain(columns: int, rows: int, spread: float) -> Image.Image:
    noise = _noise(columns, rows, spread)
    return noise.resize(_ROOM, Image.Resampling.BICUBIC)


def _noise(columns: int, rows: int, spread: float) -> Image.Image:
    """Grey dots around the middle; always the same ones."""
    level = [round(128 + (dot - 128) * spread / 74) for dot in range(256)]
    dots = Random(columns * rows).randbytes(columns * rows)  # noqa: S311
    return Image.frombytes("L", (columns, rows), dots).point(level)


def _wood() -> Image.Image:
    grain = Image.blend(_grain(18, 420, 70), _grain(60, 1150, 60), 0.45)
    ground = ImageOps.colorize(grain, (84, 54, 30), (214, 168, 118), (158, 112, 70))
    draw = ImageDraw.Draw(ground, "RGBA")
    for top in range(150, _ROOM[1], 290):
        draw.line([(0, top), (_ROOM[0], top)], (40, 24, 12, 190), 5)
        draw.line([(0, top + 4), (_ROOM[0], top + 4)], (232, 190, 140, 60), 2)
    return ground


def _mat() -> Image.Image:
    ground = ImageOps.colorize(_grain(750, 575, 40), (16, 52, 50), (48, 104, 98))
    draw = ImageDraw.Draw(ground, "RGBA")
    for at in range(30, _ROOM[0], 60):
        alpha = 120 if at % 300 == 30 else 56
        draw.line([(at, 0), (at, _ROOM[1])], (196, 214, 190, alpha), 2)
        draw.line([(0, at), (_ROOM[0], at)], (196, 214, 190, alpha), 2)
    return ground


def _brushed() -> Image.Image:
    return ImageOps.colorize(_grain(10, 1150, 46), (104, 108, 112), (196, 200, 204))


def _tile() -> Image.Image:
    ground = ImageOps.colorize(_grain(40, 30, 30), (188, 190, 188), (238, 238, 234))
    draw = ImageDraw.Draw(ground, "RGBA")
    for at in range(90, _ROOM[0], 430):
        for line in ([(at, 0), (at, _ROOM[1])], [(0, at), (_ROOM[0], at)]):
            draw.line(line, (142, 138, 130, 255), 11)
        draw.line([(at + 7, 0), (at + 7, _ROOM[1])], (255, 255, 255, 150), 3)
        draw.line([(0, at + 7), (_ROOM[0], at + 7)], (255, 255, 255, 150), 3)
    return ground


def _card() -> Image.Image:
    grain = Image.blend(_grain(1500, 1150, 34), _grain(150, 12, 40), 0.5)
    return ImageOps.colorize(grain, (142, 106, 66), (208, 172, 124))


# --- What lies beside it --------------------------------------------------------------------


def _aside(rng: Random) -> Piece:
    return rng.choice((_ruler, _screwdriver, _rag))(rng)


def _ruler(rng: Random) -> Piece:
    piece = Piece(760, 74)
    piece.body((0, 2, 760, 72), rng.choice((STEEL, AMBER)), across=False, radius=4)
    for at in range(12, 750, 8):
        deep = 32 if (at - 12) % 80 == 0 else 22 if (at - 12) % 40 == 0 else 13
        piece.line([(at, 4), (at, 4 + deep)], 1.6, (24, 24, 26), 220)
    return piece


def _screwdriver(rng: Random) -> Piece:
    piece = Piece(620, 90)
    piece.body((260, 36, 610, 54), STEEL, across=False, radius=3)
    piece.body((0, 6, 270, 84), rng.choice((RED, AMBER)), across=False, radius=30)
    for top in (24, 44, 64):
        piece.line([(30, top), (230, top)], 5, (20, 12, 10), 90)
    return piece


def _rag(rng: Random) -> Piece:
    piece = Piece(420, 330)
    tone = rng.choice(((70, 98, 134), (150, 66, 56), (196, 196, 186)))
    edge = [
        (x + rng.randint(-16, 16), y + rng.randint(-16, 16))
        for x, y in ((30, 60), (150, 30), (280, 24), (390, 70), (396, 190), (360, 300), (220, 306),
                     (90, 290), (26, 200))
    ]  # fmt: skip
    piece.sheet(edge, tone)
    for _fold in range(7):
        x, y, away = rng.randint(40, 300), rng.randint(30, 200), rng.randint(-90, 90)
        fold = bent((x, y), (x + 20, y + 40), (x + away, y + 60), (x + away, y + 150), 20)
        for width in range(22, 2, -4):
            piece.line(fold, width, (0, 0, 0), 9)
        piece.line([(x - 7, y - 4) for x, y in fold], 6, (255, 255, 255), 26)
    return piece


# --- Wear -----------------------------------------------------------------------------------


def _worn(piece: Image.Image, kind: str, rng: Random) -> Image.Image:
    """The piece after some years: dirt on it always, and what its fault leaves."""
    marks = Image.new("RGBA", piece.size)
    draw = ImageDraw.Draw(marks)
    _scratch(draw, piece, rng)
    _stain(draw, piece, (94, 76, 50), 0.3, 110, rng)
    if kind in _SCALED or rng.random() < 0.2:
        _stain(draw, piece, (238, 236, 226), rng.uniform(0.1, 0.16), 235, rng)
    if kind in _RUSTED or rng.random() < 0.15:
        _stain(draw, piece, (140, 66, 22), rng.uniform(0.08, 0.14), 215, rng)
    if kind != "board" and rng.random() < 0.6:
        _crack(draw, piece, rng)
    marks.putalpha(ImageChops.multiply(marks.getchannel("A"), piece.getchannel("A")))
    return Image.alpha_composite(piece, marks)


_SCALED = {"fill_valve", "cartridge", "thermostat", "hand_shower", "nozzle", "solenoid",
           "flush_valve", "seal"}  # fmt: skip
_RUSTED = {"hose", "pump", "roller", "damper"}


def _scratch(draw: ImageDraw.ImageDraw, piece: Image.Image, rng: Random) -> None:
    for _line in range(rng.randint(6, 16)):
        x, y = rng.uniform(0, piece.width), rng.uniform(0, piece.height)
        far = (x + rng.uniform(-60, 60), y + rng.uniform(-40, 40))
        tone = rng.choice((255, 255, 20))
        draw.line([(x, y), far], (tone, tone, tone, rng.randint(40, 120)), rng.choice((1, 1, 2)))


def _stain(
    draw: ImageDraw.ImageDraw,
    piece: Image.Image,
    colour: tuple[int, int, int],
    reach: float,
    alpha: int,
    rng: Random,
) -> None:
    """Limescale, rust or dirt: crumbs around one place, thinner the farther away."""
    x, y = rng.uniform(0.2, 0.8) * piece.width, rng.uniform(0.15, 0.9) * piece.height
    far = max(piece.size) * reach
    crumbs = [
        (rng.gauss(x, far), rng.gauss(y, far), rng.choice((1, 1.6, 2.6, 4, 6, 10)))
        for _crumb in range(260)
    ]
    dense = rng.randint(alpha // 2, alpha)
    # Their soft edges first, so that they do not cover what lies beside them.
    for wider, strength in ((1.5, dense // 3), (1.2, dense * 2 // 3), (1.0, dense)):
        for px, py, size in crumbs:
            edge = size * wider
            draw.ellipse((px - edge, py - edge, px + edge, py + edge), (*colour, strength))


def _crack(draw: ImageDraw.ImageDraw, piece: Image.Image, rng: Random) -> None:
    """A crack: a dark, jagged line with a light edge beside it."""
    x, y = rng.uniform(0.35, 0.65) * piece.width, rng.uniform(0.3, 0.6) * piece.height
    points = [(x, y)]
    for _turn in range(rng.randint(6, 12)):
        x, y = x + rng.uniform(-11, 17), y + rng.uniform(3, 20)
        points.append((x, y))
    draw.line([(px + 2, py + 1) for px, py in points], (255, 255, 255, 130), 2)
    draw.line(points, (14, 12, 12, 235), 3)


# --- The picture ----------------------------------------------------------------------------


def lay(scene: Image.Image, piece: Image.Image, angle: float, centre: tuple[int, int]) -> None:
    """Put a piece on the scene, turned by so many degrees, with the shadow that the lamp gives."""
    shown = piece.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    left, top = centre[0] - shown.width // 2, centre[1] - shown.height // 2
    shape = shown.getchannel("A")
    scene.paste((12, 10, 8), (left - _ROUND, top - _ROUND), _shadow(shape))
    scene.paste(shown, (left, top), shape)


_ROUND = 64
"""How far a shadow may reach beyond its piece, in pixels."""


def _shadow(shape: Image.Image) -> Image.Image:
    """A soft one away from the lamp, and a dark one close to the piece; both to the lower right."""
    small = ImageOps.expand(shape, _ROUND).reduce(4)
    soft = ImageChops.offset(small.filter(ImageFilter.GaussianBlur(4)), 6, 6)
    close = ImageChops.offset(small.filter(ImageFilter.GaussianBlur(1)), 2, 2)
    both = Image.blend(soft, close, 0.45).point([round(level * 0.8) for level in range(256)])
    return both.resize((shape.width + 2 * _ROUND, shape.height + 2 * _ROUND))


def _developed(scene: Image.Image, rng: Random) -> bytes:
    """Under a lamp on one side, a little soft, with a phone's noise."""
    left, top = rng.randint(30, 86), rng.randint(32, 92)
    lamp = Image.radial_gradient("L").resize(SIZE, box=(left, top, left + 140, top + 120))
    lamp = lamp.point([255 - round(level * 0.58) for level in range(256)])
    warm = rng.choice(((255, 246, 228), (255, 252, 244), (240, 246, 255)))
    lit = scene.point(
        [min(255, level * tone * 11 // 2550) for tone in warm for level in range(256)]
    )
    picture = ImageChops.multiply(lit, Image.merge("RGB", (lamp, lamp, lamp)))
    picture = ImageChops.add(picture, _film(), 1, -128)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=82)
    return target.getvalue()


@cache
def _film() -> Image.Image:
    grey = _noise(*SIZE, 5)
    return Image.merge("RGB", (grey, grey, grey))
