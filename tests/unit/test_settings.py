"""What an installation sets, and what it is told when that cannot be used."""

import pytest

from portal.settings import SettingError, Settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://parts.example.com", "https://parts.example.com"),
        (" https://Parts.Example.com/ ", "https://parts.example.com"),
        ("http://192.0.2.7:8000", "http://192.0.2.7:8000"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("", ""),
    ],
)
def test_public_address_is_kept_without_a_slash_when_it_is_one(given: str, kept: str) -> None:
    """It goes in front of paths, which begin with a slash."""
    assert Settings.read({"PORTAL_PUBLIC_URL": given}).public_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "parts.example.com",
        "ftp://parts.example.com",
        "https://",
        "https://parts.example.com/portal",
        "https://parts.example.com?x=1",
        "https://parts.example.com#top",
        "https://somebody@parts.example.com",
        "https://parts.example.com:port",
        "https://parts.example.com:99999",
        "https://parts example.com",
        "https://[2001",
        "javascript:alert(1)",
    ],
)
def test_installation_is_told_when_its_public_address_is_none(given: str) -> None:
    """The sentence names the setting and shows what one looks like."""
    with pytest.raises(SettingError, match=r"PORTAL_PUBLIC_URL: .* https://parts\.example\.com"):
        Settings.read({"PORTAL_PUBLIC_URL": given})


@pytest.mark.parametrize("given", ["-1", "11", "one", "1.5", "yes"])
def test_installation_is_told_when_its_number_of_proxies_is_none(given: str) -> None:
    """Trusting one proxy too many lets anybody choose where they come from."""
    with pytest.raises(SettingError, match="PORTAL_PROXIES"):
        Settings.read({"PORTAL_PROXIES": given})


def test_nobody_is_trusted_when_nothing_is_set() -> None:
    """Both are the administrator's to say."""
    settings = Settings.read({})
    assert (settings.proxies, settings.public_url) == (0, "")
    assert Settings.read({"PORTAL_PROXIES": "2"}).proxies == 2


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"PORTAL_SMTP_TLS": "ssl"}, "PORTAL_SMTP_TLS: 'ssl' is none of starttls, tls, none"),
        ({"PORTAL_SMTP_PORT": "65536"}, "PORTAL_SMTP_PORT"),
        ({"PORTAL_SMTP_PORT": "smtp"}, "PORTAL_SMTP_PORT"),
        ({"PORTAL_SMTP_SENDER": "Partloop"}, "PORTAL_SMTP_SENDER"),
        ({"PORTAL_SEAL_ADDRESS": "the auditor"}, "PORTAL_SEAL_ADDRESS"),
        ({"PORTAL_SMTP_SENDER": "a@example.com\nBcc: b@example.com"}, "PORTAL_SMTP_SENDER"),
        ({"PORTAL_SMTP_PASSWORD": "x", "PORTAL_SMTP_TLS": "none"}, "PORTAL_SMTP_TLS: with none"),
    ],
)
def test_installation_is_told_when_its_mail_cannot_go_out(
    given: dict[str, str], named: str
) -> None:
    """Before it starts, not when the first letter is due; no password goes out in the open."""
    with pytest.raises(SettingError, match=named):
        Settings.read({"PORTAL_SMTP_HOST": "mail.example.com", **given})


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({"PORTAL_PUBLIC_URL": "https://parts.example.com"}, "https://parts.example.com"),
        ({"PORTAL_PORT": "8010"}, "http://127.0.0.1:8010"),
        ({"PORTAL_HOST": "0.0.0.0"}, "http://localhost:8000"),
    ],
)
def test_mails_lead_to_the_portal_when_no_request_says_where(
    given: dict[str, str], origin: str
) -> None:
    """Its public address; without one, where it listens."""
    assert Settings.read(given).origin == origin
