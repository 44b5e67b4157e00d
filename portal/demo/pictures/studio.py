"""A picture as the manufacturer's catalogue has it: the new part on a light ground."""

import io
from random import Random

from PIL import Image, ImageOps

from portal.demo.pictures.bench import lay
from portal.demo.pictures.material import FINE
from portal.demo.pictures.pieces import PIECES

SIDE = 640
_TINTS = ((226, 232, 236), (232, 230, 224), (224, 232, 228), (234, 234, 236))


def portrait(kind: str, seed: str) -> bytes:
    """A square JPEG of a new part of that kind; the same seed draws the same picture."""
    rng = Random(seed)  # noqa: S311
    scene = _ground(rng)
    piece = PIECES[kind](rng)
    fitting = min(1.0, 500 * FINE / max(piece.shape.size))
    new = piece.shown(fitting * rng.uniform(0.94, 1.06))
    lay(scene, new, rng.uniform(-28, 28), (SIDE // 2, SIDE // 2))
    target = io.BytesIO()
    scene.save(target, "JPEG", quality=88)
    return target.getvalue()


def _ground(rng: Random) -> Image.Image:
    """Light in the middle, a little darker to the edges."""
    light = ImageOps.invert(Image.radial_gradient("L").resize((SIDE, SIDE)))
    return ImageOps.colorize(light, rng.choice(_TINTS), (252, 252, 250))
