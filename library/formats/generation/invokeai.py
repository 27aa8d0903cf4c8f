"""InvokeAI: `invokeai_metadata` (3 and later), `sd-metadata` (2) or `Dream` (1), in PNG texts.

`Dream` is a command line, which NMKD writes too: "a castle [blurry]" -s 50 -S 12 -C 7.5 -A k_lms
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

_OBJECTS: Final = ("invokeai_metadata", "sd-metadata", "invokeai")
_NAMES: Final = Names(
    prompt=("positive_prompt", "prompt"),
    negative=("negative_prompt",),
    guidance=("cfg_scale", "guidance"),
    sampler=("scheduler", "sampler", "sampler_name"),
    model=("model", "model_name", "model_weights", "model_hash"),
    loras=("loras",),
)
_OPTION: Final = re.compile(r"(?:^|\s)-([A-Za-z])[ =]?([^\s\"-][^\s\"]*)")
_OPTIONS: Final = {
    "s": "steps", "S": "seed", "C": "cfg_scale", "A": "sampler", "W": "width", "H": "height",
    "I": "init_img", "f": "strength",
}  # fmt: skip
_NEGATIVE: Final = re.compile(r"\[([^\[\]]*)\]")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the texts of any version."""
    for place in _OBJECTS:
        if settings := values.json_object(texts.get(place, "")):
            inner = settings.get("image", settings.get("node"))
            if isinstance(inner, dict):
                settings = _bracketed({**settings, **inner})
                if isinstance(settings.get("model_weights"), str):
                    settings["model"] = settings["model_weights"]  # `model` is the architecture
            if fields := _fields(settings):
                return fields
    return _fields(_dream(texts.get("Dream", "")))


def _fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    mode = f"{settings.get('generation_mode')} {settings.get('type')}"
    changed = any(name in mode for name in ("img2img", "inpaint", "outpaint"))
    return document_fields(
        "InvokeAI", settings, _NAMES, from_image=changed or bool(settings.get("init_img"))
    )


def _bracketed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings whose prompt contains the negative one in brackets, with both prompts."""
    prompt = values.text(settings.get("prompt")) or ""
    negative = ", ".join(part for each in _NEGATIVE.findall(prompt) if (part := each.strip(" ,")))
    if not negative:
        return settings
    prompt = re.sub(r" {2,}", " ", _NEGATIVE.sub("", prompt)).strip(" ,")
    return {"negative_prompt": negative, **settings, "prompt": prompt}


def _dream(line: str) -> dict[str, Any]:
    line = line.strip()
    if line.startswith('"') and (end := line.rfind('"')) > 0:
        prompt, options = line[1:end], line[end + 1 :]
    else:
        first = _OPTION.search(line)
        end = first.start() if first else len(line)
        prompt, options = line[:end], line[end:]
    settings: dict[str, Any] = {"prompt": prompt}
    for match in _OPTION.finditer(options):
        settings.setdefault(_OPTIONS.get(match[1], match[1]), match[2])
    return _bracketed(settings) if prompt else {}
