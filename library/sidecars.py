"""Sidecars: files beside an asset that say something about it, and XMP inside of it.

Knows their names and forms: `.json` in the API's own metadata words, `.txt` captions (or the
parameters that Automatic1111 saves so), `.xmp` keywords and ratings. What is odd in one is
passed over, and one that cannot be read is named: a sidecar can add to an asset, never keep it out
of the library.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from library import generation
from library.kinds import PROMISED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

SUFFIXES: Final = (".json", ".txt", ".xmp")
_OWNERS: Final = frozenset(  # what may have one; a text beside a program is no caption
    suffix for suffix, kind in PROMISED.items() if kind not in {"document", "json", "text"}
)
_MAX_BYTES: Final = 1024 * 1024
_OWN: Final = frozenset(  # what the file itself knows better, or what is not metadata
    {"url", "kind", "width", "height", "size", "mimeType", "thumbnail", "metadata", "source",
     "aspectRatio", "properties", "content", "collectionIds"}
)  # fmt: skip
_ID: Final = re.compile(r"asset_[A-Za-z0-9_-]{4,64}")
_XMP: Final = {
    "dc": "{http://purl.org/dc/elements/1.1/}",
    "rdf": "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "xmp": "{http://ns.adobe.com/xap/1.0/}",
}


def beside(path: str, present: Collection[str]) -> tuple[str, ...]:
    """The sidecars of the asset at `path` among the paths `present`: `a.txt`, `a.png.txt`."""
    suffix = PurePosixPath(path).suffix
    if suffix.lower() not in _OWNERS:
        return ()
    stem = path.removesuffix(suffix)
    names = (f"{base}{suffix}" for suffix in SUFFIXES for base in dict.fromkeys((stem, path)))
    return tuple(name for name in names if name != path and name in present)


def read(root: str, names: Iterable[str]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Fields of Document that these sidecars below `root` tell.

    And the names of those that cannot be read, each with the reason: they tell nothing.
    """
    parts: list[dict[str, Any]] = []
    unread = []
    for name in names:
        try:
            with Path(root, name).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
            if len(raw) > _MAX_BYTES:
                raise ValueError("is larger than a megabyte")  # noqa: TRY301 - one list of reasons
            parts.append(_READERS[PurePosixPath(name).suffix.lower()](raw))
        except (OSError, ValueError, RecursionError) as error:
            unread.append((name, f"{_reason(error)}; the file that it belongs to is read without"))
    return generation.merged(parts), tuple(unread)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON ({error.msg} in line {error.lineno}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "is no text in UTF-8"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json(raw: bytes) -> dict[str, Any]:
    found = json.loads(raw.decode("utf-8-sig"))
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - a fault of the file's content
    nested = found.get("metadata")
    return from_words({**found, **(nested if isinstance(nested, dict) else {})})


def from_words(words: dict[str, Any]) -> dict[str, Any]:
    """Fields of Document from metadata in the API's words; values of another type are dropped.

    What is in no field of its own becomes `metadata`; a `title` is the name where none is given.
    """
    fields: dict[str, Any] = {}
    title = words.get("title")
    if not words.get("name") and isinstance(title, str) and title.strip():
        words = {**words, "name": " ".join(title.split()), "title": None}
    for name, value in words.items():
        if name in _OWN or value is None:
            continue
        with suppress(ValueError, TypeError, OverflowError):
            if name in _FIELDS:
                fields[name] = _FIELDS[name](value)
            elif isinstance(value, str) or (isinstance(value, (int, float)) and abs(value) < 1e300):
                fields.setdefault("metadata", {})[name] = value
    return fields


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("not an asset's id")
    return value


def _words(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError("not a text")
    return str(value)


def _amount(value: Any) -> float:
    number = float(value)
    if not 0 <= number < 1e9:  # NaN is neither
        raise ValueError("not an amount")
    return number


def _array(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return tuple(str(item)[:200] for item in value[:200] if isinstance(item, (str, int)))


def _date(value: object) -> str:
    moment = datetime.fromisoformat(str(value))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _privacy(value: object) -> str:
    if value not in {"public", "private", "unlisted"}:
        raise ValueError("no such privacy")
    return str(value)


_FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "id": _id,  # of a mirrored asset
    "privacy": _privacy,
    "guidance": _amount,
    "numInferenceSteps": lambda value: int(_amount(value)),
    **dict.fromkeys(("tags", "nsfw"), _array),
    **dict.fromkeys(("createdAt", "updatedAt"), _date),
    **dict.fromkeys(
        (
            "name", "type", "authorId", "ownerId", "teamId", "description", "transcription",
            "prompt", "negativePrompt", "text", "seed", "modelId", "baseModelId", "modelType",
            "scheduler", "parentJobId",
        ),
        _words,
    ),
}  # fmt: skip


def _caption(raw: bytes) -> dict[str, Any]:
    text = raw.decode("utf-8-sig").strip()
    if not text:
        return {}
    if "Steps: " in text and (found := generation.parse({"parameters": text})):
        return found
    parts = [part.strip() for part in text.split(",")]
    # Captions for training are often a list of tags: short, no sentence, many commas.
    if len(parts) >= 3 and all(part and len(part.split()) <= 4 for part in parts):
        return {"description": text, "tags": tuple(part.replace("_", " ") for part in parts[:64])}
    return {"description": text}


def xmp(raw: bytes) -> dict[str, Any]:
    """Keywords, rating, title and description of an XMP packet. Raises ValueError when broken."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw or len(raw) > _MAX_BYTES:
        raise ValueError("is no XMP: it has declarations")
    start = re.search(rb"<(x:xmpmeta|rdf:RDF)", raw)
    end = max(raw.rfind(b"</x:xmpmeta>") + 12, raw.rfind(b"</rdf:RDF>") + 10)
    if start is None or end < start.start():
        raise ValueError("is no XMP")
    try:
        tree = ET.fromstring(raw[start.start() : end])  # noqa: S314 - no declarations, see above
    except ET.ParseError as error:
        raise ValueError("is broken XMP") from error
    fields: dict[str, Any] = {}
    keywords = [
        (item.text or "").strip()
        for subject in tree.iter(f"{_XMP['dc']}subject")
        for item in subject.iter(f"{_XMP['rdf']}li")
    ]
    if keywords := [word[:200] for word in keywords if word][:200]:
        fields["tags"] = tuple(dict.fromkeys(keywords))
    for name, field in (("description", "description"), ("title", "name")):
        for found in tree.iter(f"{_XMP['dc']}{name}"):
            text = " ".join("".join(found.itertext()).split())
            if text:
                fields[field] = text[:10_000]
    if (rating := _rating(tree)) is not None:
        fields["metadata"] = {"rating": rating}
    return fields


def _rating(tree: ET.Element) -> int | None:
    """Minus one (rejected) to five stars."""
    name = f"{_XMP['xmp']}Rating"
    texts = [node.get(name) for node in tree.iter(f"{_XMP['rdf']}Description")]
    texts += [node.text for node in tree.iter(name)]
    for text in texts:
        with suppress(ValueError, TypeError):
            rating = int(float(text or ""))
            if -1 <= rating <= 5:
                return rating
    return None


_READERS: Final = {".json": _json, ".txt": _caption, ".xmp": xmp}
