"""Makers without a layout of their own: settings by customary names, as JSON or as lines.

Tensor.Art (`generation_data`), NMKD, Stability's services, scripts around Diffusers; lines of
`Prompt: ...`, as Easy Diffusion and Mochi Diffusion write them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_OBJECTS: Final = (
    "generation_data", "parameters", "UserComment", "metadata", "comment", "Comment",
    "Description", "ImageDescription", "xmp:UserComment", "xmp:description", "iptc:description",
    "generation_params",
    "nmkd", "NMKDiffusion", "sd_metadata", "prompt", "XPComment",
)  # fmt: skip
_LINES: Final = ("parameters", "UserComment", "Description", "ImageDescription", "comment",
                 "xmp:description", "iptc:description", "XPComment")  # fmt: skip
_INNER: Final = ("params", "parameters", "metadata", "generation", "settings", "image", "request",
                 "meta", "input", "inputs", "options", "extraMetadata")  # fmt: skip
_MAX: Final = 100_000  # characters of lines
_NAMES: Final = Names(
    prompt=("prompt", "positive_prompt", "positive", "text_prompts", "prompts", "textPrompt",
            "Include in Image", "input_prompt"),
    negative=("negative_prompt", "negative", "promptNeg", "neg_prompt", "Exclude from Image",
              "undesired_content", "negative_prompts", "uc"),
    seed=("seed", "noise_seed", "image_seed"),
    steps=("steps", "num_inference_steps", "inference_steps", "sampling_steps", "num_steps"),
    guidance=("cfg_scale", "guidance_scale", "cfg", "guidance", "scale", "scale_txt"),
    sampler=("sampler_name", "sampler", "sample_method", "scheduler", "scheduler_name"),
    model=("model", "model_name", "base_model", "checkpoint", "ckpt", "ckpt_name", "model_id",
           "sd_model_name", "use_stable_diffusion_model", "stable_diffusion_model", "engine",
           "model_hash", "model_version"),
    loras=("loras", "lora", "lora_models", "lora_model", "use_lora_model"),
)  # fmt: skip
_PROMPTS: Final = frozenset(map(plain, _NAMES.prompt))
_SETTINGS: Final = frozenset(
    map(plain, (*_NAMES.negative, *_NAMES.seed, *_NAMES.steps, *_NAMES.guidance, *_NAMES.sampler))
)
_LABEL: Final = re.compile(r"(?:^|\n|(?<=; ))[ \t]*([A-Z][\w /-]{0,39}):[ \t]*")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the first text, or all, with a prompt and a setting."""
    for place in _OBJECTS:
        document = values.json_object(texts.get(place, ""))
        members = (document.get(name) for name in _INNER)
        objects = (values.json_object(m) if isinstance(m, str) else m for m in members)
        inner = [each for each in objects if isinstance(each, dict)]
        for settings in (document, *({**document, **each} for each in inner)):
            if fields := _fields(settings):
                return fields
    for place in _LINES:
        if fields := _fields(_labelled(texts.get(place, "")[:_MAX])):
            return fields
    # A graph of ComfyUI is no prompt.
    return _fields({name: text for name, text in texts.items() if not text.startswith("{")})


def _fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    names = {plain(name) for name in settings}
    if not names & _PROMPTS or not names & _SETTINGS:
        return {}
    base = settings.get("baseModel")
    models = settings.get("models")  # of Tensor.Art: the base model among its LoRAs
    listed = [m for m in models if isinstance(m, dict)] if isinstance(models, list) else []
    used = [m for m in listed if "LORA" in str(m.get("type", "")).upper()]
    bases = [m for m in listed if "BASE" in str(m.get("type", "")).upper()]
    if isinstance(base, dict) or bases:
        settings = {**settings, "model": base if isinstance(base, dict) else bases[0]}
    return document_fields("", settings, _NAMES, loras=values.loras(used))


def _labelled(text: str) -> dict[str, str]:
    """Return the values of lines, or of parts that semicolons separate, by their labels."""
    text = text.replace("\r\n", "\n")
    marks = list(_LABEL.finditer(text))
    found: dict[str, str] = {}
    for mark, value in values.between(marks, text):
        found.setdefault(mark[1], value.strip().rstrip(";"))
    return found
