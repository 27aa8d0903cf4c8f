"""NovelAI: JSON in the PNG text `Comment`, beside Description, Software and Source.

The same texts are hidden in the pixels (`stealth_png`). WebP has the JSON in UserComment, and the
model in Software.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES: Final = Names(
    prompt=("v4_prompt", "prompt", "description"),
    negative=("v4_negative_prompt", "uc", "negative_prompt", "undesired_content"),
    guidance=("scale",),
    sampler=("sampler",),
    model=("source", "model"),
)
_TELLING: Final = frozenset({"uc", "v4_prompt", "noise_schedule", "request_type", "n_samples"})
_FROM_IMAGE: Final = frozenset({"Img2ImgRequest", "NativeInfillingRequest"})
_PLACES: Final = ("Comment", "UserComment", "parameters", "comment")
_MAX_SOURCE: Final = 500  # characters
_HASH: Final = re.compile(r"\s+[0-9A-F]{8}$")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the texts of NovelAI."""
    found = (values.json_object(texts.get(place, "")) for place in _PLACES)
    comment = next((each for each in found if _is_of_novelai(each)), {})
    is_named = texts.get("Software", "").startswith("NovelAI")
    if not comment and not is_named:
        return {}
    model = texts.get("Source") or texts.get("Software", "")
    settings = {
        **comment,
        "description": texts.get("Description"),
        "source": _HASH.sub("", model[:_MAX_SOURCE].strip()),
    }
    for name in ("v4_prompt", "v4_negative_prompt"):
        if name in settings:
            settings[name] = "\n".join(_captions(settings[name]))
    strength = comment.get("strength")
    partly = isinstance(strength, (int, float)) and 0 < strength < 1
    return document_fields(
        "NovelAI",
        settings,
        _NAMES,
        from_image=str(comment.get("request_type")) in _FROM_IMAGE or partly,
    )


def _is_of_novelai(comment: Mapping[str, Any]) -> bool:
    is_of_draw_things = "c" in comment
    return bool(comment.keys() & _TELLING) and "sampler" in comment and not is_of_draw_things


def _captions(prompt: object) -> Iterator[str]:
    """Yield the prompt of the scene and those of its characters."""
    caption = prompt.get("caption") if isinstance(prompt, dict) else None
    if not isinstance(caption, dict):
        return
    characters = caption.get("char_captions")
    listed = characters if isinstance(characters, list) else []
    for each in (caption.get("base_caption"), *listed[:100]):
        if found := values.text(each):
            yield found
