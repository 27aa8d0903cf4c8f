"""The settings of a pass of ComfyUI: seed, steps, sampler, guidance, model and LoRAs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.comfyui import names
from library.formats.generation.comfyui.graph import Link, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.formats.generation.comfyui.walk import Walk

_MAX_LORAS: Final = 100
# The inputs that state a setting, and those that lead to the node that does.
_STATED: Final[dict[str, tuple[str, ...]]] = {
    "seed": ("seed", "noise_seed", "random_seed", "seed_num", "rand_seed", "seed_value"),
    "steps": ("steps", "steps_total", "num_steps", "num_inference_steps", "total_steps"),
    "cfg": ("cfg", "cfg_scale", "guidance_scale", "cfg_conds", "cfg1", "cfg_guidance"),
    "sampler_name": ("sampler_name", "sampler", "solver", "sample_method"),
    "scheduler": ("scheduler", "schedule", "scheduler_name"),
    "denoise": ("denoise", "denoise_strength", "denoising_strength"),
    "guidance": ("guidance", "embedded_guidance_scale", "flux_guidance"),
}
_LEADS: Final[dict[str, re.Pattern[str]]] = {
    "seed": re.compile(r"noise"),
    "steps": re.compile(r"sigmas|scheduler"),
    "cfg": re.compile(r"guider"),
    "sampler_name": re.compile(r"sampler"),
    "scheduler": re.compile(r"sigmas|scheduler"),
    "denoise": re.compile(r"sigmas|scheduler"),
    "guidance": re.compile(r"guider|positive|cond|embeds"),
}
_TEXTS: Final = frozenset({"sampler_name", "scheduler"})
_DIGITS: Final = re.compile(r"\d{1,20}(\.\d{1,20})?")
_NAMED_BY_CLASS: Final = {"sampler_name": "sampler", "scheduler": "scheduler"}
_MODEL: Final = re.compile(
    r"(base_)?(ckpt|unet|gguf|checkpoint|diffusion|transformer|model|dit|base_model)"
    r"(_?model)?(_?(name|file|path))?_?1?"
)
_TO_MODEL: Final = re.compile(r"model|guider|pipe|ctx|context|tuple|unet|sampler")
_NOT_TO_MODEL: Final = re.compile(
    r"upscale|vision|detect|sam_|sam2|control|style_model|ipadapter|clip|vae|patch|segm|refine|motion"
    r"|m_models|model_?[2-9b]"
)
_ANYTHING: Final = frozenset({"value", "any", "anything", "", "*", "input", "any_01"})
_TO_LORAS: Final = re.compile(r"lora")
_LORA: Final = re.compile(r"lora")
_LORA_TAG: Final = re.compile(r"<(?:lora|lyco):([^:<>]{1,200})(?::([^<>]{0,40}))?>", re.IGNORECASE)


def setting(walk: Walk, key: str, wanted: str) -> Any:
    """Return a setting of a pass, a number or a text; None if no node states it."""

    def leads(node: Node) -> list[str]:
        return [
            name
            for name, _ in node.links()
            if _LEADS[wanted].search(name.lower())
            or names.is_pipe(name.lower())
            or name.lower().endswith("_sampler")  # settings and prompts of a sampler for a part
        ]

    for at, node in walk.upstream(key, leads):
        for name in _STATED[wanted]:
            value = walk.literal(node.inputs.get(name), *_STATED[wanted])
            if wanted not in _TEXTS and isinstance(value, str) and _DIGITS.fullmatch(value):
                value = float(value) if "." in value else int(value)
            if _is_valid(wanted, value):
                return value
        by_class = _NAMED_BY_CLASS.get(wanted)
        is_last = at != key and not leads(node)
        if by_class and is_last and (named := _named_by_class(node, by_class)):
            return named
    return None


def _is_valid(wanted: str, value: Any) -> bool:
    if wanted in _TEXTS:
        return isinstance(value, str) and 0 < len(value.strip()) < 100
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _named_by_class(node: Node, kind: str) -> str | None:
    """Return `karras` of a KarrasScheduler, `dpmpp_sde` of a SamplerDPMPP_SDE."""
    match = re.fullmatch(rf"(?:(\w+?)_?{kind}|{kind}_?(\w+))", node.name)
    return None if match is None else match[1] or match[2]


def model_and_loras(walk: Walk, key: str) -> tuple[str | None, list[tuple[str, Any]]]:
    """Return the model of a pass, and its LoRAs with their strengths in the order of loading."""
    stacks: list[Link] = []
    found: list[tuple[str, Any]] = []
    model = None
    for _, node in walk.upstream(key, _model_inputs):
        found = [*_loras(node), *found]
        stacks += [link for name, link in node.links() if _TO_LORAS.search(name.lower())]
        if model := _model(walk, node):
            break
    for stack in stacks[:_MAX_LORAS]:
        for _, node in walk.upstream(stack.node, _linked):
            found = [*_loras(node), *found]
    return model, list(dict(found).items())[:_MAX_LORAS]


def _linked(node: Node) -> list[str]:
    return [name for name, _ in node.links()]


def _model_inputs(node: Node) -> list[str]:
    links = _linked(node)
    usable = [
        name
        for name in links
        if _TO_MODEL.search(name.lower()) and not _NOT_TO_MODEL.search(name.lower())
    ]
    others = [name for name in links if name.lower() in _ANYTHING]
    return sorted(usable, key=lambda name: "model" not in name.lower())[:8] or others[:1]


def _model(walk: Walk, node: Node) -> str | None:
    is_patch = isinstance(node.inputs.get("model"), Link)  # its own names are those of the patch
    for name, value in node.inputs.items():
        if not _MODEL.fullmatch(name.lower()) or isinstance(value, (dict, list)):
            continue
        if is_patch and not re.match(r"ckpt|unet|gguf|checkpoint", name.lower()):
            continue
        if isinstance(value, Link):
            source = walk.node(value)
            if source is None or any(True for _ in source.links()):
                continue
            selected = walk.literal(value, name)  # the name of a file that another node selects
            if isinstance(selected, str) and names.is_file(selected):
                return selected.strip()
        if isinstance(value, str) and value.strip() not in {"", "None", "none"}:
            return value.strip()
    return None


def _loras(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield names and strengths of the LoRAs that a node applies, without those switched off."""
    for name, value in list(node.inputs.items()):
        lowered = name.lower()
        if isinstance(value, dict):
            entries = [value] if "lora" in lowered or "lora" in value else []
        elif isinstance(value, list):
            entries = [each for each in value if isinstance(each, dict)]
            entries = entries if "lora" in lowered else []
        else:
            entries = []
            if isinstance(value, str) and _LORA.search(lowered) and _is_lora(name, value):
                strength = _strength(node, name)
                if strength is not None:
                    yield value, strength
            elif isinstance(value, str) and "<lo" in value:
                yield from tagged(value)
        for entry in entries[:_MAX_LORAS]:
            lora = entry.get("lora") or entry.get("name")
            is_on = entry.get("on", entry.get("active", entry.get("enabled", True)))
            strength = entry.get("strength", entry.get("strength_model", 1))
            if isinstance(lora, str) and is_on and lora != "None" and strength != 0:
                yield lora, strength


def tagged(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the LoRAs that a text names as `<lora:name:strength>`."""
    for match in _LORA_TAG.finditer(text[:20_000]):
        strength = (match[2] or "1").partition(":")[0]
        yield match[1], strength


def _is_lora(name: str, value: str) -> bool:
    if value.strip() in {"", "None", "none", "disabled"} or len(value) > 300:
        return False
    return names.is_file(value) or bool(
        re.search(r"(^|_)lora(_?name)?(_?\d+)?(_name)?$", name.lower())
    )


def _strength(node: Node, name: str) -> Any:
    """Return the strength of a LoRA by the number in its input's name; None if it is off."""
    digits = re.search(r"\d+", name)
    number = digits[0] if digits else ""
    limit = node.inputs.get("lora_count", node.inputs.get("num_loras"))
    if number and isinstance(limit, int) and int(number[:4]) > limit:
        return None
    strength: Any = 1
    for other, value in node.inputs.items():
        found = re.search(r"\d+", other)
        if (found[0] if found else "") != number:
            continue
        is_switch = re.search(r"switch|^on_|enable|toggle", other.lower())
        if is_switch and value in (False, "Off", "off"):
            return None
        is_strength = re.search(r"strength|weight|_wt", other.lower())
        if is_strength and "clip" not in other.lower() and isinstance(value, (int, float)):
            strength = value
    return strength if strength != 0 else None
