"""Easy Diffusion: one PNG text for each setting, or a JSON object in UserComment.

prompt = a castle, num_inference_steps = 25, use_stable_diffusion_model = sd-v1-4
Prompt = a castle, Steps = 25, Stable Diffusion model = sd-v1-4
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.fooocus import PLACES
from library.formats.generation.settings import Names, document_fields, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Final = Names(
    prompt=("prompt", "original_prompt"),
    negative=("negative_prompt",),
    steps=("num_inference_steps", "steps"),
    guidance=("guidance_scale",),
    sampler=("sampler_name", "sampler"),
    model=("use_stable_diffusion_model", "Stable Diffusion model"),
    loras=("use_lora_model", "LoRA model"),
)
_TELLING: Final = frozenset(
    {"usestablediffusionmodel", "stablediffusionmodel", "numinferencesteps", "usevaemodel",
     "vaemodel", "samplername"}
)  # fmt: skip


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the texts of Easy Diffusion."""
    documents = (values.json_object(texts.get(place, "")) for place in PLACES)
    for settings in (texts, *documents):
        names = {plain(name): name for name in settings}
        if "prompt" in names and names.keys() & _TELLING:
            stated = [settings[names[n]] for n in ("initimage", "promptstrength") if n in names]
            return document_fields(
                "Easy Diffusion", settings, _NAMES, from_image=any(map(values.text, stated))
            )
    return {}
