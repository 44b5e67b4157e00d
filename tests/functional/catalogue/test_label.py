"""The label of a part (A11: what a dealer scans into an application)."""

from sqlalchemy import select

from portal.catalogue.models import Part
from portal.core.db import session
from tests.support.pdf import Paper
from tests.support.portal import Portal


def test_label_opens_its_part_when_scanned(portal: Portal) -> None:
    """A11: small, with number, name in the reader's language, and the code of the part's page."""
    with portal.transaction():
        part = session.scalars(select(Part).where(Part.number == "TH-300")).one()
        part.number = 'TH/300 "Ł"'
    url = f"/parts/{part.public_id}"
    assert f'href="{url}/label.pdf"' in portal.client(portal.clerk).get(url).text
    for language, name in (
        ("en", "Thermostaticcartridge"),
        ("zh-CN", "恒温阀芯"),
        ("pl", "Głowicatermostatyczna"),
    ):
        answer = portal.client(portal.clerk).get(
            f"{url}/label.pdf", headers={"Accept-Language": language}
        )
        label = Paper(answer)
        assert (len(label), label.sizes, label.name) == (1, {(170, 85)}, "TH-300-.pdf")
        assert label.text == f'TH/300"Ł"{name}'
        assert label.codes == [f"http://localhost{url}"]
