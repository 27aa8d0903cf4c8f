"""Settings of sign-in and access: contradictions are reported at the start, all at once."""

from __future__ import annotations

import pytest

from config import InvalidSettings, Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the tests are about
OIDC = {
    "AKIN_AUTH": "oidc",
    "AKIN_OIDC_ISSUER": "https://login.example.com",
    "AKIN_OIDC_CLIENT_ID": "akin",
    "AKIN_OIDC_CLIENT_SECRET": "secret-at-the-provider",
    "AKIN_OIDC_DOMAINS": "example.com",
}


def mistakes(**environ: str) -> list[str]:
    """Return the variables at the beginning of the lines of the message."""
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environ(environ)
    return [line.replace(":", "").split()[0] for line in str(raised.value).splitlines()]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AKIN_LISTEN": "::1"},
        {"AKIN_AUTH": "password"},
        {"AKIN_AUTH": "password", "AKIN_LISTEN": EVERYWHERE, "AKIN_HOSTS": "akin.example.com"},
        {"AKIN_AUTH": "proxy", "AKIN_PROXIES": "10.0.0.0/24, ::1"},
        OIDC,
        {**OIDC, "AKIN_OIDC_ISSUER": "http://127.0.0.1:4000"},
        {**OIDC, "AKIN_OIDC_DOMAINS": "", "AKIN_OIDC_GROUPS": "The Artists, Others"},
    ],
)
def test_valid_settings(environ: dict[str, str]) -> None:
    """No mistake is reported."""
    assert Settings.from_environ(environ).auth == environ.get("AKIN_AUTH", "none")


def test_without_sign_in_only_loopback_is_served() -> None:
    """The message says what to set."""
    with pytest.raises(InvalidSettings, match=r"Set AKIN_AUTH to password, oidc or proxy"):
        Settings.from_environ({"AKIN_LISTEN": EVERYWHERE})
    assert mistakes(AKIN_HOSTS="akin.example.com") == ["AKIN_HOSTS"]


def test_missing_settings() -> None:
    """Each mode reports what it needs."""
    assert mistakes(AKIN_AUTH="proxy") == ["AKIN_PROXIES"]
    assert mistakes(AKIN_AUTH="password", AKIN_LISTEN=EVERYWHERE) == ["AKIN_HOSTS"]
    assert mistakes(AKIN_AUTH="oidc") == [
        "AKIN_OIDC_ISSUER",
        "AKIN_OIDC_CLIENT_ID",
        "AKIN_OIDC_CLIENT_SECRET",
        "AKIN_OIDC_DOMAINS",
    ]
    assert mistakes(**{**OIDC, "AKIN_OIDC_ISSUER": "http://login.example.com"}) == [
        "AKIN_OIDC_ISSUER"
    ]
    assert mistakes(**{**OIDC, "AKIN_OIDC_SCOPES": "email"}) == ["AKIN_OIDC_SCOPES"]


def test_every_mistake_at_once() -> None:
    """Invalid values, missing values and unknown names."""
    found = mistakes(
        AKIN_TIMEOUT="soon",
        AKIN_SECRET_KEYS="short",
        AKIN_AUTH="proxy",
        AKIN_PROXIES="proxy.example.com",
        AKIN_HOSTS="https://akin.example.com",
        AKIN_METRICS_TOKEN="a b",
        AKIN_CASHE_URL="memory",
        SCENARIO_SDK_API_KEY="key-alone",
    )
    assert sorted(found) == [
        "AKIN_CASHE_URL",
        "AKIN_HOSTS",
        "AKIN_METRICS_TOKEN",
        "AKIN_PROXIES",
        "AKIN_SECRET_KEYS",
        "AKIN_TIMEOUT",
        "SCENARIO_SDK_API_SECRET",
    ]


def test_similar_names_are_suggested() -> None:
    """For a name with a typing mistake."""
    with pytest.raises(InvalidSettings, match="did you mean AKIN_CACHE_URL"):
        Settings.from_environ({"AKIN_CASHE_URL": "memory"})


def test_no_secret_in_a_message() -> None:
    """Values are quoted in messages, secrets are not."""
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environ({"AKIN_SECRET_KEYS": "hush-hush", "AKIN_METRICS_TOKEN": "hush"})
    message = str(raised.value)
    assert ("AKIN_SECRET_KEYS" in message, "hush" in message) == (True, False)


def test_no_password_in_an_address() -> None:
    """An address with a password would be in every log."""
    assert mistakes(SCENARIO_BASE_URL="https://key:secret@api.example.com/v1") == [
        "SCENARIO_BASE_URL"
    ]


def test_variables_of_kubernetes() -> None:
    """Those that Kubernetes sets for a service called akin are not mistakes."""
    names = ("AKIN_SERVICE_HOST", "AKIN_PORT", "AKIN_PORT_8000_TCP_ADDR", "AKIN_REDIS_SERVICE_PORT")
    assert Settings.from_environ(dict.fromkeys(names, "x")) == Settings()
