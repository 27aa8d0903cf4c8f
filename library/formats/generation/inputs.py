"""Which files a picture was made from, as its settings name them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from library.formats.file_types import KIND_OF_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST: Final = 20  # files of a role
_MAX_NAME: Final = 500  # characters
_DEPTH: Final = 5  # lists and objects within each other
_MAX_VALUES: Final = 2_000
_MEDIA: Final = frozenset({"image", "image-hdr", "video", "audio", "3d"})
_FOLDER: Final = re.compile(r"\s+\[(?:input|output|temp)\]$")  # how ComfyUI marks its folders
_HASH: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
# Names of settings, their letters and digits: what is changed, and what only guides.
_CHANGED: Final = frozenset(
    {"initimage", "initimg", "initimagepath", "initimagename", "initimagefilename", "inputimage",
     "inputimagepath", "sourceimage", "sourceimagepath", "initvideo", "initimagehash"}
)  # fmt: skip
_GUIDING: Final = frozenset(
    {
        "imagename",
        "controlimage",
        "referenceimage",
        "referenceimages",
        "styleimage",
        "ipadapterimage",
    }
)


def of_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return `madeFrom` and `references` from settings by the letters and digits of their names."""
    named = list(_named(settings, _DEPTH))
    return fields(
        (text for name, text in named if name in _CHANGED),
        (text for name, text in named if name in _GUIDING),
    )


def fields(changed: Iterable[str], guiding: Iterable[str]) -> dict[str, Any]:
    """Return `madeFrom` and `references`; texts that are no names of files are left out."""
    made_from = _files(changed)
    references = [each for each in _files(guiding) if each not in made_from]
    found = {"madeFrom": tuple(made_from), "references": tuple(references)}
    return {name: files for name, files in found.items() if files}


def file(text: str) -> str | None:
    """Return the name or path of a picture, video, sound or model; None for any other text.

    Automatic1111 names the picture that was changed by a hash, under which it can save it.
    """
    text = _FOLDER.sub("", text.strip())
    if _HASH.fullmatch(text):
        return f"{text}.png"
    if not text or len(text) > _MAX_NAME or "\n" in text or text.startswith("data:"):
        return None
    suffix = PurePosixPath(text.replace("\\", "/")).suffix.lower()
    return text if KIND_OF_SUFFIX.get(suffix) in _MEDIA else None


def _files(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(found for text in texts if (found := file(text))))[:_MOST]


def _named(value: Any, depth: int, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in a value with the plain name of each."""
    if isinstance(value, str):
        if name in _CHANGED or name in _GUIDING:
            yield name, value
    elif depth and isinstance(value, dict):
        for key, inner in list(value.items())[:_MAX_VALUES]:
            plain = "".join(filter(str.isalnum, str(key)[:100].casefold()))
            yield from _named(inner, depth - 1, plain)
    elif depth and isinstance(value, list):
        for inner in value[:_MAX_VALUES]:
            yield from _named(inner, depth - 1, name)
