"""A browser's description of itself, in two words."""

import pytest

from portal.people.profile_views import device

AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0": (
        "Firefox, Windows"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Mobile Safari/537.36": "Chrome, Android",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge, macOS",
    "curl/8.5.0": "curl/8.5.0",
    "x" * 300: "x" * 40,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_device_is_named_when_the_browser_says_what_it_is(agent: str) -> None:
    """Browser and system; what is unknown is shown as it is, cut short."""
    assert device(agent) == AGENTS[agent]
