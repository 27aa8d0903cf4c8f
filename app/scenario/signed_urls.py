"""Expiry of signed URLs, parsed from their policy; the signature is not verified.

The policy is base64 of JSON with `- _ ~` for `+ = /` (docs/scenario-api.md, "Asset URLs").
"""

from __future__ import annotations

import base64
import re
import time
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

_POLICY_VALUE: Final = re.compile(r"[^&#]+")
_POLICY_ALPHABET: Final = str.maketrans("-_~", "+=/")
_POLICY: Final = re.compile(rb"Policy=[A-Za-z0-9_~-]+")


def expiry(url: str) -> float | None:
    """Return when a signed URL expires, in seconds since 1970; None for an unsigned one."""
    at = url.find("?Policy=")  # ten times as fast as a regular expression
    if at < 0 and (at := url.find("&Policy=")) < 0:
        return None
    policy = _POLICY_VALUE.match(url, at + len("?Policy="))
    return _end_of(unquote(policy[0])) if policy else None


def first_expiry(body: bytes) -> float | None:
    """Return when the first signed URL in a body expires, in seconds since 1970; None without one.

    Searches the bytes without decoding them: every URL counts, in whatever field.
    """
    policies = set(_POLICY.findall(body))
    ends = (_end_of(found[len(b"Policy=") :].decode()) for found in policies)
    return min((end for end in ends if end is not None), default=None)


@lru_cache(maxsize=4096)
def _end_of(policy: str) -> float | None:
    """Return when a policy expires; cached, since each is parsed for the body and the picture."""
    try:
        text = base64.b64decode(policy.translate(_POLICY_ALPHABET) + "===")
        statement = msgspec.json.decode(text)["Statement"][0]
        return float(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None  # what binascii and msgspec raise are kinds of ValueError


def is_fresh(url: str, *, for_seconds: float = 60) -> bool:
    """Tell whether a URL is still valid after `for_seconds`."""
    end = expiry(url)
    return end is None or end > time.time() + for_seconds
