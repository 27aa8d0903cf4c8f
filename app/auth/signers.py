"""Signers of texts that Akin gives to browsers and programs, and reads again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itsdangerous import Serializer

_HMAC: Final[dict[str, Any]] = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def signer(keys: Sequence[str], salt: bytes) -> URLSafeSerializer:
    """Return a signer that signs with the first key and accepts those of any."""
    return URLSafeSerializer(_in_order(keys), salt=salt, signer_kwargs=_HMAC)


def timed_signer(keys: Sequence[str], salt: bytes) -> URLSafeTimedSerializer:
    """Return a signer whose texts contain their time."""
    return URLSafeTimedSerializer(_in_order(keys), salt=salt, signer_kwargs=_HMAC)


def signed(serializer: Serializer[Any], content: object) -> str:
    """Return the signed text of a content."""
    text = serializer.dumps(content)
    return text if isinstance(text, str) else text.decode()


def _in_order(keys: Sequence[str]) -> list[str]:
    return list(reversed(keys))  # itsdangerous signs with the last
