"""What the tests of attachments share."""

import io

import pytest
from PIL import Image

from portal.core.db import session
from portal.people.models import Dealer
from tests.support.portal import Portal


def north(portal: Portal) -> Dealer:
    """A document that the people of one dealer and headquarters see: the dealer itself."""
    return session.get_one(Dealer, portal.dealers["north"])


@pytest.fixture
def photo() -> bytes:
    """A picture of 60 × 40."""
    target = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(target, "PNG")
    return target.getvalue()
