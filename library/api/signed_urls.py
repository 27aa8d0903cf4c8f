"""Signed URLs: which file may be read, until when.

Knows the API's format (docs/scenario-api.md, "Asset URLs"): `Policy`, `Signature`, `Key-Pair-Id`, a
resource that ends in `*` so that transform parameters may be added, and expiry on a rolling
calendar so that a URL stays the same for days. Each URL contains the version of the content, so
that a browser may cache it and still loads a file that has changed. Signs with HMAC-SHA256; opens
no files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote

import msgspec

from library.errors import Forbidden

_SAFE: Final = bytes.maketrans(b"+=/", b"-_~")
_UNSAFE: Final = str.maketrans("-_~", "+=/")
_PARAMETERS: Final = ("Policy", "Signature", "Key-Pair-Id")
_ENCODE: Final = msgspec.json.Encoder().encode
_PREFIX: Final = "p=100"  # every query begins with it, as at the API
VERSION: Final = "v"  # the parameter with the version of the content


def version(sha256: str) -> str:
    """Return what stands for the content in URLs: the first 16 digits of its digest."""
    return sha256[:16]


class Signer:
    """Signs and verifies URLs that begin with `base`.

    `base` is "" for the server's root, "/library" for a mounted library, or an origin.
    """

    def __init__(self, secret: bytes, base: str = "") -> None:
        self._secret = secret
        self._base = base.rstrip("/")
        self._key_id = "K" + hashlib.sha256(b"key-pair-id" + secret).hexdigest()[:13].upper()

    def original(self, asset_id: str, sha256: str, *, now: datetime | None = None) -> str:
        """Return the URL of the untouched file, whose digest is `sha256`."""
        return self._signed("assets", asset_id, sha256, now)

    def transform(self, asset_id: str, sha256: str, *, now: datetime | None = None) -> str:
        """Return the URL to which `&width=...&format=...` may be added."""
        return self._signed("assets-transform", asset_id, sha256, now)

    def thumbnail(self, asset_id: str, sha256: str, *, now: datetime | None = None) -> str:
        """Return the URL of the thumbnail."""
        return self._signed("thumbnails", asset_id, sha256, now)

    def _signed(self, route: str, asset_id: str, sha256: str, now: datetime | None) -> str:
        path = f"{self._base}/{route}/{quote(asset_id, safe='')}"
        url = f"{path}?{_PREFIX}&{VERSION}={version(sha256)}"
        until = _until((now or datetime.now(UTC)).astimezone(UTC).date())
        statement = {
            "Resource": f"{url}*",
            "Condition": {"DateLessThan": {"AWS:EpochTime": until}},
        }
        policy = _ENCODE({"Statement": [statement]})
        return (
            f"{url}&Policy={_encoded(policy)}"
            f"&Key-Pair-Id={self._key_id}&Signature={self._signature(policy)}"
        )

    def _signature(self, policy: bytes) -> str:
        return _encoded(hmac.digest(self._secret, policy, "sha256"))

    def verify(self, path: str, query: str, *, now: datetime | None = None) -> datetime:
        """Return when the signature of this request expires.

        `path` begins with `/assets/` or another route. Raises Forbidden with the reason.
        """
        try:
            parameters = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=64))
        except ValueError as error:
            raise Forbidden("The URL has more than 64 parameters") from error
        if any(name not in parameters for name in _PARAMETERS):
            raise Forbidden("The URL is not signed")
        policy = _decoded(parameters["Policy"])
        if not hmac.compare_digest(
            self._signature(policy).encode(), parameters["Signature"].encode("utf-8", "replace")
        ):
            raise Forbidden("The URL's signature does not match its policy")
        if parameters["Key-Pair-Id"] != self._key_id:
            raise Forbidden("The URL's Key-Pair-Id is not the one that it was signed with")
        (statement,) = json.loads(policy)["Statement"]  # trusted: the signature matched
        signed_path, _, signed_query = statement["Resource"].removesuffix("*").partition("?")
        if not signed_path.endswith(quote(path)):
            raise Forbidden("The URL's signature is for another path")
        if not query.startswith(f"{signed_query}&"):
            raise Forbidden("The URL's query does not begin as it was signed")
        until = datetime.fromtimestamp(statement["Condition"]["DateLessThan"]["AWS:EpochTime"], UTC)
        if (now or datetime.now(UTC)) >= until:
            raise Forbidden("The URL has expired; request the asset again for a new one")
        return until


def expiry(now: datetime) -> datetime:
    """Return when URLs signed at `now` expire on the rolling calendar, in UTC.

    It is the end of a day. For days 1-7 of a month it is the 14th; for 8-14 the 21st; for 15-21
    the last of the month; for 22-31 the 7th of the next month. At least six days ahead.
    """
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    if day.day <= 7:
        last = day.replace(day=14)
    elif day.day <= 14:
        last = day.replace(day=21)
    elif day.day <= 21:
        last = next_month - timedelta(days=1)
    else:
        last = next_month.replace(day=7)
    return last + timedelta(days=1)


@lru_cache(maxsize=4)
def _until(day: date) -> int:
    """Return `expiry` in seconds since 1970; cached, because a page of hits signs 40 URLs."""
    return int(expiry(datetime(day.year, day.month, day.day, tzinfo=UTC)).timestamp())


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).translate(_SAFE).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_UNSAFE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Forbidden("The URL's policy cannot be read") from error
