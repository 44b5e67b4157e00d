"""What a browser has to fetch: it is on a phone, in a workshop, with one bar of signal."""

from tests.support import story
from tests.support.portal import Portal
from tests.support.weight import FIRST_LOAD, PAGE, REQUESTS, TAKES, everything, sent


def test_first_load_is_small_when_the_cache_is_empty(portal: Portal) -> None:
    """Everything for the sign-in page, as it is sent."""
    answers = everything(portal.client(), "/sign-in")
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len(answers) <= REQUESTS
    assert sum(map(sent, answers)) <= FIRST_LOAD


def test_list_fits_in_one_round_trip_when_it_is_full(portal: Portal) -> None:
    """A list of 50 with its headers arrives in the first round trip."""
    for _ in range(50):
        story.drafted(portal)
    page = portal.client(portal.clerk).get("/applications", headers=TAKES)
    assert page.headers["Content-Encoding"] == "zstd"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert sent(page) <= PAGE


def test_static_file_is_kept_when_it_was_fetched_once(portal: Portal) -> None:
    """Its address changes with its content, so that a browser need not ask again."""
    page, *files = everything(portal.client(), "/sign-in")
    assert page.headers["Cache-Control"] == "no-store"
    for file in files:
        assert "max-age=31536000" in file.headers["Cache-Control"]
        assert file.headers["Content-Encoding"]
