"""Fooocus: a JSON object in the PNG text `parameters` or in UserComment.

Its scheme `a1111` has the layout of Automatic1111. Also the names of older versions and of
RuinedFooocus.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES: Final = ("parameters", "UserComment", "comment", "Comment", "xmp:UserComment")
_NAMES: Final = Names(
    prompt=("prompt", "full_prompt"),
    negative=("negative_prompt", "negative", "full_negative_prompt"),
    guidance=("guidance_scale", "cfg"),
    sampler=("sampler", "sampler_name"),
    model=("base_model", "base_model_name", "base_model_hash"),
    loras=("loras",),
)
# Each with `prompt` makes an object one of Fooocus.
_TELLING: Final = frozenset(
    {"fullprompt", "promptexpansion", "fooocusv2expansion", "metadatascheme", "basemodelhash",
     "basemodel", "basemodelname", "admguidance", "performance"}
)  # fmt: skip
_OLD_LORA: Final = re.compile(r"lora \[(.{1,300})\] weight", re.IGNORECASE)


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from an object of Fooocus."""
    for place in PLACES:
        settings = values.json_object(texts.get(place, ""))
        names = {plain(name) for name in settings}
        if "prompt" in names and names & _TELLING and "suiimageparams" not in names:
            return document_fields("Fooocus", settings, _NAMES, loras=_loras(settings))
    return {}


def _loras(settings: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in settings.items():
        if old := _OLD_LORA.fullmatch(name):
            found += filter(None, [values.model(old[1])])
        elif re.fullmatch(r"lora(?:combined)?\d+", plain(name)) and isinstance(value, str):
            parts = value.split(" : ")
            enabled = parts[1:] if parts[0] in {"True", "False"} else parts
            found += filter(None, [values.model(enabled[0] if enabled else "")])
    return found
