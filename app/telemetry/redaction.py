"""Redaction of secrets in logs, messages and responses.

The application itself writes no secrets. Texts of others may contain one: an API that quotes the
key it refuses, a package whose error message contains the request.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from config import Settings

SHOWN: Final = "[secret]"
_PASSWORD: Final = re.compile(r"[a-z]+://[^/@]*:([^/@]+)@")
_LEAST: Final = 6  # characters; a shorter secret could be part of an ordinary word


class Redaction:
    """The secrets of one configuration, in every form in which they could appear."""

    def __init__(self, *secrets: str) -> None:
        """Redact these: as they are, quoted for a URL, and in base64."""
        forms = {
            form
            for secret in secrets
            if len(secret) >= _LEAST
            for form in (
                secret,
                quote(secret, safe=""),
                base64.b64encode(secret.encode()).decode(),
            )
        }
        self._forms = sorted(forms, key=len, reverse=True)

    @classmethod
    def of(cls, settings: Settings) -> Redaction:
        """Return the redaction of all secret settings, and of the key pair as in HTTP Basic."""
        secrets = [f"{settings.api_key}:{settings.api_secret}"] if settings.api_key else []
        for item in dataclasses.fields(settings):
            if item.metadata.get("secret"):
                value = getattr(settings, item.name)
                secrets += value if isinstance(value, tuple) else [value]
        # The password of an address may also appear alone.
        secrets += [unquote(found[1]) for each in secrets if (found := _PASSWORD.match(each))]
        # A default such as `memory` is not a secret, though another value of the setting may be.
        plain = {item.default for item in dataclasses.fields(settings)}
        return cls(*(secret for secret in secrets if secret not in plain))

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._forms:
            text = text.replace(secret, SHOWN)
        return text

    def body(self, body: bytes) -> bytes:
        """Return the bytes without secrets."""
        for secret in self._forms:
            body = body.replace(secret.encode(), SHOWN.encode())
        return body
