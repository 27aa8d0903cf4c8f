"""Values of Document from what a generator states, cleaned and bounded."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT: Final = 1_000_000  # characters
MAX_SOURCE: Final = 8_000_000  # of a text in a file; a graph of 100,000 nodes fits


def job(generator: object, fields: Mapping[str, Any]) -> str:
    """Return one id for all images with the same settings except the seed."""
    settings = [str(generator), *(f"{k}={fields[k]}" for k in sorted(fields) if k != "seed")]
    return "job_" + hashlib.sha256("\0".join(settings).encode("utf-8", "replace")).hexdigest()[:24]


def clean(value: object) -> str | None:
    """Return a value as a text, None for an empty one, a list or an object."""
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).replace("\x00", "").strip()[:MAX_TEXT] or None


def number(value: object, kind: type[int] | type[float]) -> int | float | None:
    """Return a number from zero to a thousand million, None for anything else."""
    try:
        amount = kind(float(str(value)))
    except (ValueError, OverflowError):
        return None
    return amount if 0 <= amount < 1e9 else None


def stem(path: str) -> str:
    """Return the name of a file of a model without its folders and its suffix."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"\.(safetensors|sft|ckpt|gguf|pth?|bin|onnx)$", "", name, flags=re.IGNORECASE)
