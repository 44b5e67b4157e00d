"""What templates do to values, as far as it is not the writing of a language."""

from markupsafe import Markup

from portal.web.filters import unbroken


def test_numbers_of_a_heading_stay_whole_when_it_is_broken() -> None:
    """House: a heading on a phone breaks between words, not within a document's number."""
    whole = '<span class="nowrap">CN-2026-D0101-00001</span>'
    assert unbroken("Finish receiving CN-2026-D0101-00001") == f"Finish receiving {whole}"
    assert unbroken(Markup("Re&#39;ceive CN-2026-D0101-00001")) == f"Re&#39;ceive {whole}"
    assert unbroken("<b> W310-105 · low-noise") == "&lt;b&gt; W310-105 · low-noise"
