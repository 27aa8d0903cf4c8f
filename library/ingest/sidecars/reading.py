"""Sidecars: files with metadata beside an asset.

`.json` has the field names of the API or is from Google Takeout, `.txt`, `.caption` and
`.description` are a caption (or parameters saved by Automatic1111), `.tags` is a list of tags,
`.xmp` has what XMP inside a file has. Their encoding is recognised. Unknown or wrong values are
ignored, and a sidecar that cannot be read is reported: it never keeps its asset out of the library.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from library.formats.generation import inputs, parameters
from library.formats.metadata import dates, licences, xmp
from library.formats.metadata.text import clean, decoded, decoded_as_is
from library.ingest.facts import merged
from library.ingest.sidecars import takeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

IGNORED: Final = "the file that it belongs to is read without it"
_MAX_BYTES: Final = 1024 * 1024
_IGNORED: Final = frozenset(  # read from the file itself, or not metadata
    {"url", "kind", "width", "height", "size", "mimeType", "thumbnail", "metadata", "source",
     "aspectRatio", "properties", "content", "collectionIds", "rootParentId"}
)  # fmt: skip
# Other names of fields, unless the field itself is there.
_SYNONYMS: Final = {
    "caption": "description", "keywords": "tags", "Title": "title", "Description": "description",
    "ImageDescription": "description", "Caption-Abstract": "description", "Keywords": "tags",
    "Subject": "tags", "Artist": "author", "artist": "author", "Creator": "author",
    "creator": "author", "By-line": "author", "Copyright": "copyright", "Rights": "copyright",
    "rights": "copyright", "Rating": "rating", "licence": "license", "License": "license",
    "UsageTerms": "license", "usageTerms": "license", "license_url": "license",
    "licenseUrl": "license", "WebStatement": "license", "parentId": "madeFrom",
    "parentAssetId": "madeFrom", "parents": "madeFrom", "referenceImages": "references",
}  # fmt: skip
_DATES: Final = (
    "DateTimeOriginal", "date_taken", "dateTaken", "CreateDate", "DateCreated", "createdAt",
)  # fmt: skip
_PUBLISHED: Final = ("created_at", "created", "date", "timestamp", "upload_date")
# One of these makes a text one of generation parameters.
_SETTINGS: Final = frozenset({"seed", "numInferenceSteps", "guidance", "scheduler"})
_NAMES_WITHIN: Final = ("name", "username", "label", "title", "url")  # of a person or a licence
_MAX_NAME: Final = 300  # characters
_ID: Final = re.compile(r"asset_[A-Za-z0-9_-]{4,64}")


def read(
    files: Iterable[tuple[str, BinaryIO]],
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return fields of Document, and `dates` by their sources, from sidecars by name and file.

    Also the names of those that cannot be read, each with the reason; they are ignored otherwise.
    """
    parts: list[dict[str, Any]] = []
    dated: dict[str, str] = {}
    unread = []
    for name, file in files:
        try:
            raw = file.read(_MAX_BYTES + 1)
            if len(raw) > _MAX_BYTES:
                raise ValueError("is larger than a megabyte")  # noqa: TRY301 - one list of reasons
            part = _READERS[PurePosixPath(name).suffix.lower()](raw)
            dated |= part.pop("dates", {})
            parts.append(part)
        except (OSError, ValueError, RecursionError) as error:
            unread.append((name, f"{reason(error)}; {IGNORED}"))
    fields = merged(parts)
    return ({**fields, "dates": dated} if dated else fields), unread


def reason(error: Exception) -> str:
    """Return why a sidecar cannot be read, in words that fit behind its name."""
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON ({error.msg} in line {error.lineno}, column {error.colno})"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json(raw: bytes) -> dict[str, Any]:
    content = json.loads(decoded_as_is(raw), strict=False)
    if isinstance(content, list) and len(content) == 1:  # of ExifTool
        content = content[0]
    if not isinstance(content, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - about the content
    if takeout.is_takeout(content):
        return takeout.fields(content)
    nested = content.get("metadata")
    stated = from_metadata({**content, **(nested if isinstance(nested, dict) else {})})
    for name in _DATES:
        if "createdAt" not in stated and (moment := _moment(content.get(name))):
            stated["createdAt"] = dates.written(moment)
    published = (_moment(content.get(name)) for name in _PUBLISHED)
    if moment := next(filter(None, published), None):
        stated["dates"] = {"takeout": dates.written(moment)}
    made = _parameters(decoded_as_is(raw))
    return {**made, **stated} if made.keys() & _SETTINGS - stated.keys() else stated


def _moment(value: object) -> datetime | None:
    """Return the moment of a date as a text or as seconds or milliseconds since 1970."""
    if isinstance(value, str):
        return dates.parse(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return dates.of_seconds(value / 1000 if value > 1e11 else value)


def describes_others(raw: bytes) -> bool:
    """Return whether a JSON file is one that Takeout writes about photographs and albums."""
    with suppress(ValueError, RecursionError):
        content = json.loads(decoded_as_is(raw[:_MAX_BYTES]), strict=False)
        if isinstance(content, dict):
            return takeout.is_takeout(content) or takeout.is_album(content)
    return False


def _parameters(text: str) -> dict[str, Any]:
    """Return the generation parameters in a text; {} if it has a prompt at most."""
    made = parameters.parse({"parameters": text})
    return made if made.keys() & _SETTINGS else {}


def from_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return fields of Document from metadata named as in the API.

    Values of a wrong type are dropped, unknown names go to `metadata`, and `title` is the name if
    there is no other.
    """
    fields: dict[str, Any] = {}
    for name, other in _SYNONYMS.items():
        if metadata.get(other) is None and metadata.get(name) is not None:
            metadata = {**metadata, other: metadata[name], name: None}
    title = metadata.get("title")
    if not _is_name(metadata.get("name")) and isinstance(title, str) and _is_name(title):
        metadata = {**metadata, "name": title, "title": None}
    for name, value in metadata.items():
        if name in _IGNORED or name == "license" or value is None:
            continue
        with suppress(ValueError, TypeError, OverflowError):
            if name in _FIELDS:
                fields[name] = _FIELDS[name](value)
            elif isinstance(value, str) or (isinstance(value, (int, float)) and abs(value) < 1e300):
                fields.setdefault("metadata", {})[name] = value
    copyrights = [text for text in (metadata.get("copyright"),) if isinstance(text, str)]
    if named := licences.chosen(_named(metadata.get("license")), copyrights):
        fields["license"] = named
    return fields


def is_id(value: object) -> TypeGuard[str]:
    """Return whether a value is an id that an asset may have."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _id(value: object) -> str:
    if not is_id(value):
        raise ValueError("not an asset's id")
    return value


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError("not a text")
    return clean(str(value))


def _is_name(value: object) -> bool:
    with suppress(ValueError, TypeError):
        return bool(_name(value))
    return False


def _name(value: object) -> str:
    text = " ".join(_text(value).split())
    if not text:
        raise ValueError("a blank name")
    return text


def _amount(value: Any) -> float:
    number = float(value)
    if not 0 <= number < 1e9:  # NaN is neither
        raise ValueError("not an amount")
    return number


def _array(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in re.split(r"[,;\n]", value)]
    if not isinstance(value, list):
        raise TypeError("not an array")
    items = [_tag_of(item) if isinstance(item, dict) else item for item in value[:200]]
    return tuple(clean(str(item))[:200] for item in items if isinstance(item, (str, int)) and item)


def _tag_of(item: dict[str, Any]) -> object:
    return item.get("tag") or item.get("name")


def _date(value: object) -> str:
    moment = datetime.fromisoformat(str(value))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return dates.written(moment.astimezone(UTC))


def _named(value: object) -> list[str]:
    """Return the texts of a value that is a text, an object with a name, or a list of these."""
    entries = value if isinstance(value, list) else [value]
    texts = []
    for entry in entries[:20]:
        named = entry
        if isinstance(entry, dict):
            named = next((entry[key] for key in _NAMES_WITHIN if entry.get(key)), None)
        if isinstance(named, str) and (text := " ".join(clean(named).split())):
            texts.append(text[:_MAX_NAME])
    return texts


def _author(value: object) -> str:
    if not (names := _named(value)):
        raise TypeError("no name")
    return "; ".join(dict.fromkeys(names))


def _files(value: object) -> tuple[str, ...]:
    """Return names of files and ids of assets, alone or in objects."""
    entries = value if isinstance(value, list) else [value]
    ids = [
        entry.get("assetId") or entry.get("id") if isinstance(entry, dict) else entry
        for entry in entries[:20]
    ]
    found = [each for each in ids if isinstance(each, str)]
    return tuple(each for each in found if is_id(each) or inputs.file(each) is not None)


def _privacy(value: object) -> str:
    if value not in {"public", "private", "unlisted"}:
        raise ValueError("not a value of privacy")
    return str(value)


_FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "id": _id,  # of a mirrored asset
    "privacy": _privacy,
    "name": _name,
    "guidance": _amount,
    "numInferenceSteps": lambda value: int(_amount(value)),
    "author": _author,
    **dict.fromkeys(("madeFrom", "references"), _files),
    **dict.fromkeys(("tags", "nsfw", "loras"), _array),
    **dict.fromkeys(("createdAt", "updatedAt"), _date),
    **dict.fromkeys(
        (
            "type", "authorId", "ownerId", "teamId", "description", "transcription",
            "prompt", "negativePrompt", "text", "seed", "modelId", "baseModelId", "modelType",
            "scheduler", "parentJobId",
        ),
        _text,
    ),
}  # fmt: skip


def _caption(raw: bytes) -> dict[str, Any]:
    text = decoded(raw).strip()
    if not text:
        return {}
    if made := _parameters(text):
        return made
    parts = [part.strip() for part in text.split(",")]
    # Captions for training are often a list of tags: short parts, many commas.
    if len(parts) >= 3 and all(part and len(part.split()) <= 4 for part in parts):
        return {"description": text, "tags": tuple(part.replace("_", " ") for part in parts[:64])}
    return {"description": text}


def _tags(raw: bytes) -> dict[str, Any]:
    words = (part.strip().replace("_", " ") for part in re.split(r"[,;\n]", decoded(raw)))
    return {"tags": tuple(dict.fromkeys(word[:200] for word in words if word))[:200]}


_READERS: Final[dict[str, Callable[[bytes], dict[str, Any]]]] = {
    ".json": _json,
    ".txt": _caption,
    ".caption": _caption,
    ".description": _caption,
    ".tags": _tags,
    ".xmp": xmp.fields,
}
