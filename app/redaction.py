"""Taking secrets out of a text before anybody can read it: the last line of defence.

No part of the application writes a secret anywhere. What others write may hold one all the same: an
API that quotes the key it refuses, a library whose error has the request in it.
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
_LEAST: Final = 6  # characters; shorter ones would take words out of sentences


class Redaction:
    """The secrets of one configuration, in every spelling in which they could show up."""

    def __init__(self, *secrets: str) -> None:
        """Look for these, as they are, quoted for a URL, and in base64."""
        spelled = {
            spelling
            for secret in secrets
            if len(secret) >= _LEAST
            for spelling in (
                secret,
                quote(secret, safe=""),
                base64.b64encode(secret.encode()).decode(),
            )
        }
        self._spelled = sorted(spelled, key=len, reverse=True)

    @classmethod
    def of(cls, settings: Settings) -> Redaction:
        """Every setting that is declared secret, and the key pair as HTTP Basic spells it."""
        secrets = [f"{settings.api_key}:{settings.api_secret}"] if settings.api_key else []
        for item in dataclasses.fields(settings):
            if item.metadata.get("secret"):
                value = getattr(settings, item.name)
                secrets += value if isinstance(value, tuple) else [value]
        # Of an address the password alone may show up, too.
        secrets += [unquote(found[1]) for each in secrets if (found := _PASSWORD.match(each))]
        # A word such as `memory` is no secret, though an address in its place may be one.
        plain = {item.default for item in dataclasses.fields(settings)}
        return cls(*(secret for secret in secrets if secret not in plain))

    def text(self, text: str) -> str:
        """The text without any secret."""
        for secret in self._spelled:
            text = text.replace(secret, SHOWN)
        return text

    def body(self, body: bytes) -> bytes:
        """The bytes without any secret."""
        for secret in self._spelled:
            body = body.replace(secret.encode(), SHOWN.encode())
        return body
