"""Draw Things: a JSON object in UserComment, of EXIF or XMP: `c` is the prompt, `uc` the negative.

{"c": "a castle", "uc": "blur", "model": "sd_v1.5_f16.ckpt", "scale": 7, "seed": 5, "steps": 20}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACES: Final = ("xmp:UserComment", "UserComment", "parameters", "comment", "xmp:description")
_NAMES: Final = Names(
    prompt=("c",),
    negative=("uc",),
    guidance=("scale", "guidance_scale"),
    sampler=("sampler",),
    model=("model",),
    loras=("lora", "loras"),
)
_TELLING: Final = frozenset({"uc", "scale", "sampler", "seed_mode", "steps"})


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from an object of Draw Things."""
    for place in _PLACES:
        settings = values.json_object(texts.get(place, ""))
        if "c" in settings and settings.keys() & _TELLING:
            strength = settings.get("strength", 1)
            partly = isinstance(strength, (int, float)) and 0 < strength < 1
            return document_fields("Draw Things", settings, _NAMES, from_image=partly)
    return {}
