"""The invented manufacturer's parts, and the pictures of those that fail."""

import hashlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image

from portal.demo.assortment import REPLACED, UNPRICED
from portal.demo.faults import FAULTS
from portal.demo.pictures.bench import SIZE, photo
from portal.demo.pictures.pieces import PIECES
from portal.demo.price_lists import HEADINGS, first_list, rows, second_list


def test_three_hundred_parts_have_three_names_when_both_lists_are_made() -> None:
    """C1: each part has its number, and a name in each of the portal's languages."""
    parts = second_list(first_list(Random(1)), Random(2))
    assert len(parts) == len({part.number for part in parts}) == 300
    for names in ("name", "name_zh", "name_pl"):
        assert len({getattr(part, names) for part in parts}) == 300
    assert all(part.cost > 0 and part.retail > part.cost for part in parts)


def test_first_list_leaves_some_parts_without_a_price_when_it_is_made() -> None:
    """C2: a part without a price is kept, and cannot be ordered."""
    first = first_list(Random(1))
    assert {part.number for part in first if not part.cost} == set(UNPRICED)
    assert set(REPLACED) <= {part.number for part in first}
    assert {len(row) for row in rows(first)} == {len(HEADINGS)}


def test_every_fault_has_a_picture_when_parts_fail() -> None:
    """The photos show the part that the registration names."""
    kinds = {part.fault for part in first_list(Random(1))} - {""}
    assert kinds == set(FAULTS) == set(PIECES)


@pytest.mark.parametrize("kind", sorted(PIECES))
def test_picture_is_a_photo_of_its_own_when_it_is_drawn(kind: str) -> None:
    """1200 × 900 pixels, light and dark, not the same as another; the seed decides how it looks."""
    first = photo(kind, "a")
    picture = Image.open(BytesIO(first))
    assert (picture.format, picture.size) == ("JPEG", SIZE)
    darkest, lightest = picture.convert("L").getextrema()
    assert darkest < 60 < 180 < lightest
    assert len(first) < 500_000
    assert hashlib.sha256(first).digest() != hashlib.sha256(photo(kind, "b")).digest()


def test_picture_is_the_same_when_the_seed_is() -> None:
    """The same seed gives the same demo."""
    assert photo("hose", "again") == photo("hose", "again")
