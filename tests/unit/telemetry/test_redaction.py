"""Redaction removes secrets in every form in which they could appear."""

from __future__ import annotations

import base64

import pytest

from app.telemetry.redaction import SHOWN, Redaction
from config import Settings

KEY, SECRET = "api_key+of/the=tests", "secret+of/the=tests"
SETTINGS = Settings(
    api_key=KEY,
    api_secret=SECRET,
    cache_url="redis://:pass-of-redis@redis.example:6379/0",
    secret_keys=("first-key-of-the-sessions-0123456789", "older-key-of-the-sessions-0123456789"),
    oidc_client_secret="secret-at-the-provider",
    metrics_token="token-of-the-metrics",
)


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        SECRET,
        "secret%2Bof%2Fthe%3Dtests",
        base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "redis://:pass-of-redis@redis.example:6379/0",
        "first-key-of-the-sessions-0123456789",
        "older-key-of-the-sessions-0123456789",
        "secret-at-the-provider",
        "token-of-the-metrics",
    ],
)
def test_secrets_are_redacted(secret: str) -> None:
    """Unchanged, quoted, and as in HTTP Basic; in text and in bytes."""
    redaction = Redaction.of(SETTINGS)
    assert redaction.text(f"before {secret} after") == f"before {SHOWN} after"
    assert redaction.body(f"<{secret}>".encode()) == f"<{SHOWN}>".encode()


def test_nothing_else_is_redacted() -> None:
    """Defaults, empty values and short values are not secrets."""
    text = "memory none api key secret Basic dXNlcg=="
    assert Redaction.of(Settings()).text(text) == text
    assert Redaction("", "abc", "fghij").text("abcdefghijk") == "abcdefghijk"
    assert Redaction("fghijk").text("abcdefghijk") == f"abcde{SHOWN}"


def test_settings_do_not_show_secrets() -> None:
    """Not even in their repr."""
    shown = repr(SETTINGS)
    assert Redaction.of(SETTINGS).text(shown) == shown
    assert "pass-of-redis" not in shown


def test_password_of_an_address() -> None:
    """Also where it appears alone, quoted or not."""
    settings = Settings(cache_url="redis://user:pass%2Fof-redis@redis.example:6379/0")
    redaction = Redaction.of(settings)
    for text in ("pass/of-redis", "pass%2Fof-redis"):
        assert redaction.text(f"AUTH {text} was refused") == f"AUTH {SHOWN} was refused"
