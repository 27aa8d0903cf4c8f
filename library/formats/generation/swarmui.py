"""SwarmUI: a JSON object in the PNG text `parameters` or in UserComment (UTF-16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.fooocus import PLACES
from library.formats.generation.settings import Names, document_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS: Final = "sui_image_params"
_NAMES: Final = Names(
    prompt=("prompt",),
    negative=("negativeprompt",),
    guidance=("cfgscale",),
    sampler=("sampler",),
    model=("model", "model of sui_models"),
    loras=("loras",),
)


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from an object of SwarmUI."""
    for place in PLACES:
        text = texts.get(place, "")
        if _PARAMETERS not in text:
            continue
        document = values.json_object(text)
        stated = document.get(_PARAMETERS, document)
        if not isinstance(stated, dict):
            continue
        extra = document.get("sui_extra_data")
        models = document.get("sui_models")
        settings = {
            **stated,
            "extra": extra,
            "model of sui_models": _used(models, "model"),
            "models": models,
        }
        used = extra if isinstance(extra, dict) else {}
        return document_fields(
            "SwarmUI",
            settings,
            _NAMES,
            loras=filter(None, map(values.model, _used(models, "loras"))),
            from_image="initimage" in stated or "initimage_filename" in used,
        )
    return {}


def _used(models: object, parameter: str) -> list[Any]:
    """Return the names of the models that a parameter has used."""
    if not isinstance(models, list):
        return []
    each = [model for model in models[:100] if isinstance(model, dict)]
    return [model.get("name") for model in each if model.get("param") == parameter]
