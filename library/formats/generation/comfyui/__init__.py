"""Generation parameters of ComfyUI: from its graphs to fields of Document."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.comfyui import embedded, loaders, names, settings
from library.formats.generation.comfyui.graph import executed
from library.formats.generation.comfyui.walk import Walk, is_begun_by_picture, picture_inputs
from library.formats.generation.comfyui.workflow import drawn
from library.formats.generation.fields import clean, job, number, stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from library.formats.generation.comfyui.graph import Graph

_MAX_UNREAD: Final = 4_000  # characters
_MAX_WORD: Final = 200  # characters without a space, beyond which a text is data
_SOURCE: Final = re.compile(r"load ?(image|video)|image ?load|video ?load", re.IGNORECASE)


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the graphs in named texts; {} if there are none."""
    fields: dict[str, Any] = {}
    for kind in (embedded.PROMPT, embedded.WORKFLOW):
        if not fields.get("prompt"):
            with suppress(Exception):  # a graph may be damaged in any way; the other one is not
                fields = {**read(texts, kind), **fields}
    if not fields and (unread := "\n".join(dict.fromkeys(embedded.strings(texts)))):
        fields["unread"] = unread[:_MAX_UNREAD]
    return fields


def read(texts: Mapping[str, str], kind: str) -> dict[str, Any]:
    """Return fields of Document from the first graph of a kind of `embedded`."""
    found = embedded.find(texts, kind)
    if found is None:
        return {}
    return _fields(executed(found) if kind == embedded.PROMPT else drawn(found))


def _fields(graph: Graph) -> dict[str, Any]:
    walk = Walk(graph)
    passes = walk.passes()
    fields: dict[str, Any] = {}
    if passes:
        fields = _made_by(walk, passes[-1])
    positive = fields.get("prompt") or _all_texts(walk, graph, names.POSITIVE)
    negative = fields.get("negativePrompt") or (
        None if passes else _all_texts(walk, graph, names.NEGATIVE)
    )
    fields |= {"prompt": positive, "negativePrompt": None if negative == positive else negative}
    fields = {name: value for name, value in fields.items() if value not in (None, "", (), {})}
    if fields.get("prompt") or passes:
        fields["type"] = _type(walk, passes)
        fields["parentJobId"] = job("ComfyUI", fields)
    for key in passes:
        walk.text_of(key, names.NEGATIVE)  # what is unwanted in any pass is not searched
    fields |= loaders.fields(walk, passes)
    if unread := _unread(walk, graph, fields):
        fields["unread"] = unread
    return fields


def _made_by(walk: Walk, key: str) -> dict[str, Any]:
    """Return what a pass states."""
    prompt = clean(walk.text_of(key, names.POSITIVE))
    cfg = number(settings.setting(walk, key, "cfg"), float)
    guidance = number(settings.setting(walk, key, "guidance"), float)
    model, loras = settings.model_and_loras(walk, key)
    loras = [(stem(name), strength) for name, strength in (*loras, *settings.tagged(prompt or ""))]
    seed = settings.setting(walk, key, "seed")
    is_seed = seed is not None and 0 <= seed < 2**64
    steps = number(settings.setting(walk, key, "steps"), int)
    sampler = settings.setting(walk, key, "sampler_name")
    scheduler = settings.setting(walk, key, "scheduler")
    return {
        "prompt": prompt,
        "negativePrompt": clean(walk.text_of(key, names.NEGATIVE)),
        "seed": str(int(seed)) if is_seed else None,
        "numInferenceSteps": steps,
        # A model that is given its guidance as a number is sampled with a cfg of one.
        "guidance": guidance if guidance is not None and cfg in {None, 1.0} else cfg,
        "scheduler": clean(sampler or scheduler),
        "modelId": clean(stem(model)) if model else None,
        "loras": tuple(dict.fromkeys(name for name, _ in loras)),
        "metadata": _further(loras, scheduler, settings.setting(walk, key, "denoise")),
    }


def _further(
    loras: list[tuple[str, Any]], scheduler: Any, denoise: Any
) -> dict[str, str | int | float]:
    """Return settings without a field of their own, which are shown as they are."""
    strengths = [f"{name} {amount:.4g}" for name, each in loras if (amount := _amount(each))]
    further = {
        "loraStrengths": ", ".join(strengths),
        "noiseSchedule": clean(scheduler),
        "denoise": number(denoise, float),
    }
    return {name: value for name, value in further.items() if value and value != 1}


def _amount(value: Any) -> float:
    """Return the strength of a LoRA, which may be negative; zero for anything else."""
    amount = number(str(value).removeprefix("-"), float) or 0.0
    return -amount if str(value).startswith("-") else amount


def _all_texts(walk: Walk, graph: Graph, role: str) -> str | None:
    """Return the texts of all nodes that encode a text, where no pass leads to one."""
    unwanted = {
        link.node
        for node in graph.values()
        for name, link in node.links()
        if names.is_of(name, names.NEGATIVE)
    }
    found: list[str] = []
    for key, node in graph.items():
        is_negative = key in unwanted or "negativ" in f"{node.title} {node.type}".lower()
        encodes = "encode" in node.name or "prompt" in node.name
        if encodes and is_negative == (role == names.NEGATIVE):
            found.append(walk.text_of(key, role))
    return clean("\n".join(dict.fromkeys(filter(None, found)))[:_MAX_UNREAD])


def _type(walk: Walk, passes: list[str]) -> str:
    """Return how the file was made, in the API's terms."""
    if not passes:
        return "inference-txt2img"
    behind = [node for _, node in walk.upstream(passes[-1], picture_inputs)]
    if any("inpaint" in node.name or "noisemask" in node.name for node in behind):
        return "inference-inpaint"
    if any(_SOURCE.search(node.type) or is_begun_by_picture(node) for node in behind):
        return "inference-img2img"
    leads = walk.upstream(passes[-1], lambda node: names.for_text(node, names.POSITIVE))
    is_controlled = any("controlnet" in node.name for _, node in leads)
    return "inference-controlnet" if is_controlled else "inference-txt2img"


def _unread(walk: Walk, graph: Graph, fields: Mapping[str, Any]) -> str | None:
    """Return the texts of a graph that no field has, as far as words can be searched in them."""
    known = {*walk.read[names.POSITIVE], *walk.read[names.NEGATIVE]}
    known |= {value for value in fields.values() if isinstance(value, str)}
    known |= set(fields.get("loras", ()))
    unread: dict[str, None] = {}
    length = 0
    for text in _words(graph):
        if text not in known and text not in unread:
            unread[text] = None
            length += len(text) + 1
            if length > _MAX_UNREAD:
                break
    return "\n".join(unread)[:_MAX_UNREAD] or None


def _words(graph: Graph) -> Iterator[str]:
    # Notes are often long instructions for the use of a template.
    for node in sorted(graph.values(), key=lambda node: "note" in node.name):
        if "negativ" in node.title.lower():
            continue
        for name, value in node.inputs.items():
            if not isinstance(value, str) or not value.strip() or value.startswith("{"):
                continue
            is_data = len(value) > _MAX_WORD and max(map(len, value[:20_000].split())) > _MAX_WORD
            if names.is_file(value):
                if not re.search(r"vae|clip|encoder", name.lower()):
                    yield stem(value)
            elif not is_data and names.is_words(name, value):
                yield value
