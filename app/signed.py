"""When signed URLs end: read from the policy in them, without checking the signature.

The policy is URL-safe base64 of JSON, with `+ = /` spelled `- _ ~` (scenario-api.md, "Asset URLs").
"""

from __future__ import annotations

import base64
import re
import time
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

_POLICY_IN: Final = re.compile(r"[?&]Policy=([^&#]+)")
_POLICY_ALPHABET: Final = str.maketrans("-_~", "+=/")
_POLICY: Final = re.compile(rb"Policy=[A-Za-z0-9_~-]+")


def expiry(url: str) -> float | None:
    """When a signed URL ends, in seconds since 1970, read from its policy; None if unsigned."""
    policy = _POLICY_IN.search(url)
    return _end_of(unquote(policy[1])) if policy else None


def first_expiry(body: bytes) -> float | None:
    """When the first of the signed URLs in an answer ends, in seconds since 1970; None if unsigned.

    Reads the bytes as they are: every URL in them counts, wherever it stands.
    """
    policies = set(_POLICY.findall(body))
    ends = (_end_of(found[len(b"Policy=") :].decode()) for found in policies)
    return min((end for end in ends if end is not None), default=None)


@lru_cache(maxsize=4096)
def _end_of(policy: str) -> float | None:
    """When a policy ends: URL-safe base64 of JSON, with `+ = /` spelled `- _ ~`.

    Each is read twice, for the answer that it is in and for the picture that it signs.
    """
    try:
        text = base64.b64decode(policy.translate(_POLICY_ALPHABET) + "===")
        statement = msgspec.json.decode(text)["Statement"][0]
        return float(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None  # what binascii and msgspec raise are kinds of ValueError


def is_fresh(url: str, *, for_seconds: float = 60) -> bool:
    """Tell whether a URL can still be opened in a while."""
    end = expiry(url)
    return end is None or end > time.time() + for_seconds
