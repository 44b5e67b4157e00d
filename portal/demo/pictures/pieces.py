"""The parts that fail, each as it looks when it lies on the bench."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

from portal.demo.pictures.material import (
    AMBER,
    BLACK,
    BLUE,
    BRASS,
    CHROME,
    GREY,
    IVORY,
    RED,
    STEEL,
    WHITE,
    Piece,
    Stops,
    around,
    bent,
)


def fill_valve(rng: Random) -> Piece:
    """A column with a threaded foot, a float cup and a lever cap."""
    piece, shade = Piece(250, 640), rng.choice((WHITE, WHITE, GREY))
    piece.body((101, 470, 149, 630), shade, radius=4)
    piece.thread((101, 500, 149, 622), 10)
    piece.nut(82, 520, 86, 34, rng.choice((GREY, WHITE)))
    piece.body((80, 452, 170, 484), BLACK, radius=6)
    piece.body((88, 440, 162, 456), shade, radius=4)
    piece.body((104, 230, 146, 444), shade)
    piece.body((60, 200, 190, 330), rng.choice((WHITE, BLACK, BLUE)), radius=14)
    piece.edge((64, 214, 186, 318), alpha=70)
    piece.line([(78, 214), (78, 318)], 3, (255, 255, 255), 60)
    piece.body((170, 60, 186, 240), shade, radius=5)
    piece.body((112, 120, 138, 205), shade)
    piece.body((80, 46, 170, 128), rng.choice((BLUE, RED, GREY)), radius=16)
    piece.edge((84, 100, 166, 122), alpha=80)
    piece.body((150, 30, 214, 62), shade, radius=10, across=False)
    piece.spot(182, 46, 7, (60, 62, 64))
    piece.body((40, 88, 84, 112), shade, radius=8, across=False)
    return piece


def flush_valve(rng: Random) -> Piece:
    """A tower on a basket, with its seal below."""
    piece, shade = Piece(330, 620), rng.choice((WHITE, IVORY))
    piece.body((60, 560, 270, 600), rng.choice((RED, BLACK)), radius=16)
    piece.body((82, 588, 248, 616), shade, radius=6)
    piece.body((70, 400, 260, 566), shade, radius=10)
    for left in range(92, 240, 34):
        piece.box((left, 424, left + 18, 540), (40, 41, 43), radius=6)
    piece.body((62, 388, 268, 410), shade, radius=6)
    piece.body((108, 190, 222, 392), shade, radius=6)
    for top in range(214, 372, 26):
        piece.line([(112, top), (218, top)], 3, (90, 92, 94), 110)
    piece.body((226, 120, 250, 396), GREY, radius=8)
    piece.body((96, 156, 234, 196), rng.choice((BLUE, GREY, WHITE)), radius=8)
    piece.disc(165, 120, 62, shade, flat=0.62)
    piece.spot(165, 116, 50, (205, 207, 208), flat=0.6)
    piece.line([(165, 84), (165, 148)], 3, (90, 92, 96))
    return piece


def seal(rng: Random) -> Piece:
    """Rubber rings, a large one and some small ones."""
    piece = Piece(560, 500)
    rubber: Stops = rng.choice((BLACK, BLACK, RED, GREY))
    _ring(piece, 240, 260, 210, 58, rubber)
    _ring(piece, 480, 120, 62, 20, BLACK)
    if rng.random() < 0.7:
        _ring(piece, 486, 380, 46, 15, rng.choice((RED, BLACK, AMBER)))
    return piece


def _ring(piece: Piece, x: float, y: float, radius: float, wide: float, stops: Stops) -> None:
    piece.disc(x, y, radius, stops)
    piece.disc(x, y, radius - wide * 0.34, [(1 - at, colour) for at, colour in reversed(stops)])
    light = (210, 212, 214)
    for place, alpha in ((0.42, 60), (0.5, 90), (0.58, 60)):
        points = around(x, y, radius - wide * place, 60)[32:46]
        piece.line(points, wide * 0.1, light, alpha)
    piece.cut_out(x, y, radius - wide)


def cartridge(rng: Random) -> Piece:
    """A ceramic cartridge: stem, collar, body with lugs, seals at the foot."""
    piece = Piece(320, 600)
    shade = rng.choice((WHITE, IVORY, BLUE, AMBER))
    piece.body((136, 20, 184, 190), rng.choice((BRASS, STEEL)), radius=6)
    piece.line([(160, 30), (160, 170)], 3, (30, 30, 32), 120)
    piece.body((118, 150, 202, 232), GREY, radius=8)
    piece.body((92, 214, 228, 276), shade, radius=8)
    piece.edge((96, 224, 224, 268), alpha=70)
    piece.body((70, 268, 250, 500), shade, radius=10)
    for top in (318, 452):
        piece.line([(72, top), (248, top)], 4, (40, 40, 42), 80)
    piece.box((96, 344, 150, 430), (58, 58, 60), radius=8)
    piece.box((104, 352, 150, 430), (32, 32, 34), radius=6)
    piece.body((56, 490, 264, 534), shade, radius=8)
    piece.body((84, 530, 136, 562), BLACK, radius=12)
    piece.body((182, 530, 234, 562), rng.choice((BLACK, RED)), radius=12)
    piece.body((146, 530, 172, 578), shade, radius=4)
    return piece


def thermostat(rng: Random) -> Piece:
    """A thermostatic cartridge: splined stem, brass nut, sieve and O-rings."""
    piece = Piece(250, 680)
    piece.body((104, 16, 146, 130), WHITE, radius=5)
    for left in range(108, 146, 7):
        piece.line([(left, 20), (left, 112)], 2, (80, 82, 84), 120)
    piece.nut(58, 122, 134, 74, BRASS)
    piece.body((76, 196, 174, 262), BRASS, radius=4)
    piece.thread((76, 204, 174, 256), 9)
    piece.body((66, 262, 184, 286), BLACK, radius=11)
    piece.body((72, 284, 178, 404), rng.choice((IVORY, WHITE)), radius=5)
    _sieve(piece, (76, 300, 174, 392))
    piece.body((64, 402, 186, 426), BLACK, radius=11)
    piece.body((76, 424, 174, 528), rng.choice((IVORY, WHITE, GREY)), radius=5)
    _sieve(piece, (80, 438, 170, 516))
    piece.body((68, 526, 182, 548), BLACK, radius=10)
    piece.body((92, 546, 158, 622), BRASS, radius=8)
    piece.body((106, 618, 144, 662), STEEL, radius=12)
    return piece


def _sieve(piece: Piece, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    piece.box(box, (96, 98, 96), alpha=190, radius=4)
    x = left
    while x < right:
        piece.line([(x, top), (x, bottom)], 1, (200, 202, 200), 150)
        x += 6
    y = top
    while y < bottom:
        piece.line([(left, y), (right, y)], 1, (30, 30, 30), 130)
        y += 6


def hose(rng: Random) -> Piece:
    """A braided hose in a bow, a nut at each end."""
    piece = Piece(760, 520)
    middle = rng.randint(20, 150)
    points = bent((90, 400), (120, middle), (640, middle - 10), (668, 410))
    piece.tube(points, 50, STEEL)
    for here, there in pairwise(points):
        run = (there[0] - here[0], there[1] - here[1])
        far = max(1.0, (run[0] ** 2 + run[1] ** 2) ** 0.5)
        side = (-run[1] / far * 22, run[0] / far * 22)
        ahead = (run[0] / far * 11, run[1] / far * 11)
        for sign in (1, -1):
            piece.line(
                [
                    (here[0] - side[0] - sign * ahead[0], here[1] - side[1] - sign * ahead[1]),
                    (here[0] + side[0] + sign * ahead[0], here[1] + side[1] + sign * ahead[1]),
                ],
                1.6,
                (46, 48, 50),
                105,
            )
    ends = rng.choice((BRASS, CHROME))
    piece.body((62, 372, 120, 430), STEEL, radius=6)
    piece.nut(50, 424, 82, 64, ends)
    piece.body((638, 380, 696, 440), STEEL, radius=6)
    piece.nut(628, 434, 80, 44, ends)
    piece.body((646, 474, 690, 512), ends, radius=3)
    piece.thread((646, 478, 690, 510), 8)
    return piece


def solenoid(rng: Random) -> Piece:
    """A valve block with a coil, two tabs and a threaded inlet with its sieve."""
    piece = Piece(620, 430)
    shade = rng.choice((WHITE, IVORY, GREY))
    piece.body((40, 236, 190, 330), shade, across=False, radius=4)
    for left in range(52, 150, 11):
        piece.line([(left, 238), (left + 4, 328)], 3, (60, 60, 62), 120)
    piece.body((22, 250, 46, 316), BLUE, across=False, radius=4)
    piece.body((180, 214, 450, 352), shade, across=False, radius=16)
    for x, y in ((204, 238), (426, 238), (204, 330), (426, 330)):
        piece.disc(x, y, 13, STEEL)
        piece.line([(x - 7, y - 7), (x + 7, y + 7)], 2.5, (30, 30, 32))
    piece.body((440, 246, 590, 318), shade, across=False, radius=8)
    for left in (500, 540, 576):
        piece.line([(left, 246), (left, 318)], 5, (90, 90, 90), 120)
    piece.body((238, 60, 396, 232), rng.choice((BLACK, RED, BLUE)), across=False, radius=12)
    piece.box((262, 96, 372, 176), (226, 226, 220), alpha=225, radius=3)
    for row, top in enumerate(range(108, 168, 13)):
        piece.line([(272, top), (356 - row * 12, top)], 3, (50, 52, 56), 170)
    piece.body((262, 20, 282, 66), STEEL, radius=2)
    piece.body((350, 20, 370, 66), STEEL, radius=2)
    return piece


def board(rng: Random) -> Piece:
    """A circuit board with chips, capacitors, a relay, plugs, and a burnt spot."""
    piece = Piece(660, 470)
    green = rng.choice(((24, 92, 58), (20, 74, 104), (28, 84, 48)))
    piece.box((20, 20, 640, 450), (12, 30, 20), radius=10)
    piece.box((20, 18, 638, 446), green, radius=10)
    for _track in range(46):
        x, y = rng.randint(40, 560), rng.randint(40, 420)
        mid = x + rng.randint(20, 120)
        points = [(x, y), (mid, y), (mid + 20, y + 20), (mid + 20, min(436, y + 70))]
        piece.line(points, 2.4, (green[0] + 34, green[1] + 40, green[2] + 30), 170)
        piece.spot(x, y, 4, (206, 190, 130))
    for x, y in ((44, 44), (612, 44), (44, 420), (612, 420)):
        piece.spot(x, y, 16, (196, 178, 116))
        piece.cut_out(x, y, 9)
    for x, y, wide, high in ((250, 180, 130, 96), (110, 290, 84, 60), (430, 300, 70, 50)):
        for pin in range(x + 6, x + wide, 13):
            piece.line([(pin, y - 9), (pin, y + high + 9)], 4, (188, 190, 192))
        piece.body((x, y, x + wide, y + high), BLACK, across=False, radius=4)
        piece.spot(x + 14, y + 14, 5, (90, 92, 94))
        piece.line([(x + 26, y + high / 2), (x + wide - 14, y + high / 2)], 3, (150, 150, 150), 120)
    piece.body((470, 60, 600, 170), rng.choice((BLUE, BLACK)), across=False, radius=5)
    for x, y in ((120, 110), (186, 104), (400, 110)):
        piece.spot(x + 5, y + 7, 34, (8, 20, 14), alpha=110)
        piece.disc(x, y, 32, rng.choice((BLACK, BLUE)))
        piece.disc(x, y, 25, STEEL)
        piece.line([(x - 18, y), (x + 18, y)], 2, (70, 70, 72))
        piece.line([(x, y - 18), (x, y + 18)], 2, (70, 70, 72))
    for left in (90, 250, 420):
        piece.body((left, 396, left + 120, 446), WHITE, across=False, radius=3)
        for pin in range(left + 14, left + 116, 18):
            piece.box((pin, 404, pin + 8, 436), (46, 46, 48))
    x, y = rng.randint(240, 480), rng.randint(170, 300)
    for radius, alpha in ((64, 34), (50, 50), (38, 74), (26, 110), (14, 170)):
        piece.spot(x, y, radius, (26, 18, 12), alpha=alpha, flat=0.8)
    return piece


def nozzle(rng: Random) -> Piece:
    """A spray nozzle on its slide, with its gear and its tube."""
    piece = Piece(760, 260)
    piece.tube(bent((640, 150), (720, 150), (700, 220), (748, 236), 30), 22, GREY)
    piece.body((150, 128, 660, 196), GREY, across=False, radius=8)
    for left in range(170, 640, 13):
        piece.box((left, 186, left + 7, 204), (58, 60, 62))
    piece.body((30, 84, 560, 134), rng.choice((WHITE, STEEL)), across=False, radius=24)
    piece.body((20, 80, 120, 138), rng.choice((WHITE, GREY)), across=False, radius=26)
    for x in (46, 66, 86):
        piece.hole(x, 100, 5)
    piece.body((520, 66, 640, 214), WHITE, across=False, radius=12)
    piece.disc(580, 140, 40, GREY)
    for tooth in around(580, 140, 40, 18):
        piece.spot(*tooth, 5, (92, 96, 100))
    piece.hole(580, 140, 10)
    return piece


def pump(rng: Random) -> Piece:
    """A pump: finned motor, volute with its mouth, cable."""
    piece = Piece(720, 460)
    piece.tube(bent((560, 120), (620, 20), (690, 60), (708, 10), 30), 16, BLACK)
    piece.body((250, 110, 620, 350), rng.choice((STEEL, BLACK, GREY)), across=False, radius=18)
    for left in range(290, 580, 20):
        piece.line([(left, 114), (left, 346)], 7, (24, 24, 26), 150)
        piece.line([(left + 6, 114), (left + 6, 346)], 2, (255, 255, 255), 60)
    piece.body((606, 128, 664, 332), BLACK, across=False, radius=22)
    piece.body((380, 70, 510, 132), BLACK, across=False, radius=10)
    piece.body((300, 346, 350, 400), BLACK, radius=4)
    piece.body((520, 346, 570, 400), BLACK, radius=4)
    piece.body((100, 20, 176, 170), BLACK, radius=6)
    piece.thread((100, 28, 176, 90), 11)
    piece.disc(180, 236, 146, rng.choice((GREY, BLACK)))
    piece.disc(180, 236, 118, GREY)
    for x, y in around(180, 236, 131, 8):
        piece.disc(x, y, 9, STEEL)
    piece.disc(176, 236, 62, GREY)
    piece.hole(176, 236, 46)
    return piece


def hand_shower(rng: Random) -> Piece:
    """A hand shower lying on its back: face with its jets, handle, threaded end."""
    piece = Piece(360, 720)
    piece.body((140, 300, 220, 640), CHROME, radius=30)
    piece.body((152, 628, 208, 700), CHROME, radius=4)
    piece.thread((152, 644, 208, 696), 10)
    piece.disc(180, 178, 168, CHROME)
    face = rng.choice((WHITE, GREY))
    piece.disc(180, 178, 148, face)
    piece.disc(180, 178, 140, face)
    for radius, count in ((124, 32), (98, 26), (72, 18), (46, 12)):
        for x, y in around(180, 178, radius, count):
            piece.spot(x, y, 6, (96, 98, 100))
            piece.spot(x, y, 3.4, (34, 34, 36))
    piece.disc(180, 178, 24, CHROME)
    return piece


def roller(rng: Random) -> Piece:
    """A door roller: wheel with its bearing on a bracket with two screws."""
    piece = Piece(460, 420)
    piece.body((190, 60, 420, 350), rng.choice((CHROME, GREY)), radius=26)
    piece.disc(330, 120, 26, STEEL)
    piece.line([(314, 120), (346, 120)], 5, (40, 40, 42))
    piece.disc(330, 292, 26, STEEL)
    piece.line([(330, 276), (330, 308)], 5, (40, 40, 42))
    piece.disc(164, 206, 140, rng.choice((WHITE, IVORY)))
    piece.disc(164, 206, 116, GREY)
    piece.disc(164, 206, 104, WHITE)
    piece.disc(164, 206, 60, STEEL)
    piece.disc(164, 206, 46, BLACK)
    for x, y in around(164, 206, 50, 10):
        piece.disc(x, y, 6, CHROME)
    piece.disc(164, 206, 28, BRASS)
    piece.hole(164, 206, 11)
    return piece


def damper(rng: Random) -> Piece:
    """A pair of seat dampers: barrels with a flattened shaft and a lug."""
    piece = Piece(600, 380)
    shade = rng.choice((GREY, WHITE, BLACK))
    for top, shift in ((50, 0), (220, 60)):
        left = 60 + shift
        piece.body((left, top + 26, left + 70, top + 84), STEEL, across=False, radius=6)
        piece.box((left, top + 46, left + 52, top + 54), (60, 62, 64), alpha=130)
        piece.body((left + 60, top, left + 330, top + 110), shade, across=False, radius=16)
        piece.line([(left + 110, top + 3), (left + 110, top + 107)], 4, (20, 20, 22), 110)
        piece.line([(left + 290, top + 3), (left + 290, top + 107)], 4, (20, 20, 22), 110)
        piece.body((left + 320, top + 16, left + 400, top + 94), shade, across=False, radius=30)
        piece.hole(left + 364, top + 55, 17)
    return piece


PIECES: dict[str, Callable[[Random], Piece]] = {
    "fill_valve": fill_valve,
    "flush_valve": flush_valve,
    "seal": seal,
    "cartridge": cartridge,
    "thermostat": thermostat,
    "hose": hose,
    "solenoid": solenoid,
    "board": board,
    "nozzle": nozzle,
    "pump": pump,
    "hand_shower": hand_shower,
    "roller": roller,
    "damper": damper,
}
"""By the kind of fault that they have."""
