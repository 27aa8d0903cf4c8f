"""Signed URLs: which path of the CDN may be read until when.

Knows the API's spelling (scenario-api.md, "Asset URLs"): `Policy`, `Signature`, `Key-Pair-Id`, a
resource that ends in `*` so that transform parameters may be added, and expiry on a rolling
calendar so that a URL stays the same for days. Signs with HMAC-SHA256; opens no file.
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

from library.errors import RequestError

_SAFE: Final = bytes.maketrans(b"+=/", b"-_~")
_UNSAFE: Final = str.maketrans("-_~", "+=/")
_PARAMETERS: Final = ("Policy", "Signature", "Key-Pair-Id")
_ENCODE: Final = msgspec.json.Encoder().encode
_BEGINNING: Final = "p=100"  # what every query begins with, as at the API


class Forbidden(RequestError):
    """A signed URL that is tampered with, expired, or of another path."""

    status = 403
    code = "FORBIDDEN"


class Signer:
    """Makes and checks signed URLs that begin with `base`.

    `base` is "" for URLs from the server's root, "/library" below a mount, or an origin.
    """

    def __init__(self, secret: bytes, base: str = "") -> None:
        self._secret = secret
        self._base = base.rstrip("/")
        self._key_id = "K" + hashlib.sha256(b"key-pair-id" + secret).hexdigest()[:13].upper()

    def original(self, id: str, *, now: datetime | None = None) -> str:  # noqa: A002 - API's word
        """The URL of the untouched file."""
        return self._signed("assets", id, now)

    def transform(self, id: str, *, now: datetime | None = None) -> str:  # noqa: A002 - as above
        """The URL to which `&width=...&format=...` may be added."""
        return self._signed("assets-transform", id, now)

    def thumbnail(self, id: str, *, now: datetime | None = None) -> str:  # noqa: A002 - as above
        """The URL of the small picture."""
        return self._signed("thumbnails", id, now)

    def _signed(self, place: str, asset_id: str, now: datetime | None) -> str:
        url = f"{self._base}/{place}/{quote(asset_id, safe='')}?{_BEGINNING}"
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
        """When the signature of this request expires; `path` begins with `/assets/` or the like.

        Raises Forbidden with the reason.
        """
        try:
            given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=64))
        except ValueError as error:
            raise Forbidden("The URL has more than 64 parameters") from error
        if any(name not in given for name in _PARAMETERS):
            raise Forbidden("The URL is not signed")
        policy = _decoded(given["Policy"])
        if not hmac.compare_digest(
            self._signature(policy).encode(), given["Signature"].encode("utf-8", "replace")
        ):
            raise Forbidden("The URL's signature does not match its policy")
        if given["Key-Pair-Id"] != self._key_id:
            raise Forbidden("The URL's Key-Pair-Id is not the one that it was signed with")
        (statement,) = json.loads(policy)["Statement"]  # ours: the signature matched
        signed_path, _, signed_query = statement["Resource"].removesuffix("*").partition("?")
        if not signed_path.endswith(quote(path)):
            raise Forbidden("The URL's signature is for another path")
        if not query.startswith(f"{signed_query}&"):
            raise Forbidden("The URL's query does not begin as it was signed")
        until = datetime.fromtimestamp(statement["Condition"]["DateLessThan"]["AWS:EpochTime"], UTC)
        if (now or datetime.now(UTC)) >= until:
            raise Forbidden("The URL has expired; ask for the asset again")
        return until


def expiry(now: datetime) -> datetime:
    """End of the day that the rolling calendar gives to URLs asked for at `now`, in UTC.

    Day 1-7 of a month: the 14th; 8-14: the 21st; 15-21: the month's last; 22-31: the 7th of the
    next. At least six days ahead.
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
    """Seconds since 1970 at which URLs asked for on `day` expire: a page of hits asks 40 times."""
    return int(expiry(datetime(day.year, day.month, day.day, tzinfo=UTC)).timestamp())


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).translate(_SAFE).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_UNSAFE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Forbidden("The URL's policy cannot be read") from error
