"""The editor's form of a ComfyUI graph (`workflow`), as the graph that would be executed.

Nodes have lists of values without names. Newer editors name them; for older ones, the order of the
common nodes is known, and other values are named by what they look like. Subgraphs are expanded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.comfyui.graph import MAX_INPUTS, MAX_NODES, Graph, Link, Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_DEPTH: Final = 12  # subgraphs within each other
_MAX_SUBGRAPHS: Final = 1_000  # of all depths
_MUTED, _BYPASSED = 2, 4  # modes of a node
_INPUT, _OUTPUT = -10, -20  # ids of the ends of a subgraph
_OUTSIDE: Final = -1  # stands for the inputs of a subgraph where its values are listed
_CONTROL: Final = frozenset({"fixed", "increment", "decrement", "randomize"})  # behind a seed
_SEED: Final = re.compile(r"^(noise_)?seed$")
_SAMPLING: Final = "steps cfg sampler_name scheduler denoise"
# The values of common nodes in the order in which older editors store them; control values, which
# follow a seed, are removed before.
_VALUES: Final[dict[str, str]] = {
    "KSampler": f"seed {_SAMPLING}",
    "KSamplerAdvanced": "add_noise noise_seed steps cfg sampler_name scheduler start_at_step",
    "KSampler (Efficient)": f"seed {_SAMPLING}",
    "KSampler Adv. (Efficient)": "add_noise noise_seed steps cfg sampler_name scheduler",
    "SamplerCustom": "add_noise noise_seed cfg",
    "RandomNoise": "noise_seed",
    "BasicScheduler": "scheduler steps denoise",
    "KSamplerSelect": "sampler_name",
    "CFGGuider": "cfg",
    "DualCFGGuider": "cfg_conds cfg_cond2_negative",
    "FluxGuidance": "guidance",
    "FaceDetailer": f"guide_size guide_size_for max_size seed {_SAMPLING}",
    "UltimateSDUpscale": f"upscale_by seed {_SAMPLING}",
    "CLIPTextEncode": "text",
    "CLIPTextEncodeSDXL": "width height crop_w crop_h target_width target_height text_g text_l",
    "CLIPTextEncodeSDXLRefiner": "ascore width height text",
    "CLIPTextEncodeFlux": "clip_l t5xxl guidance",
    "CLIPTextEncodeSD3": "clip_l clip_g t5xxl empty_padding",
    "CheckpointLoaderSimple": "ckpt_name",
    "UNETLoader": "unet_name weight_dtype",
    "UnetLoaderGGUF": "unet_name",
    "LoraLoader": "lora_name strength_model strength_clip",
    "LoraLoaderModelOnly": "lora_name strength_model",
    "Efficient Loader": "ckpt_name vae_name clip_skip lora_name lora_model_strength"
    " lora_clip_strength positive negative",
    "ImpactWildcardEncode": "wildcard_text populated_text",
    "ImpactWildcardProcessor": "wildcard_text populated_text",
    "SDXLPromptStyler": "text_positive text_negative style",
    "StringConcatenate": "string_a string_b delimiter",
    "WanVideoSampler": "steps cfg shift seed force_offload scheduler",
    "WanVideoTextEncode": "positive_prompt negative_prompt",
    "WanVideoModelLoader": "model base_precision",
}
_PASSED_ON: Final = "value"  # the input of a node that stands for what it is linked to


def drawn(workflow: Mapping[str, Any]) -> Graph:
    """Return the graph of a `workflow`; nodes that are switched off are left out."""
    expansion = _Expansion(workflow)
    expansion.expand(workflow, "", {}, {}, 0)
    return expansion.joined()


class _Expansion:
    """The nodes of a workflow and of all subgraphs in it, each under its path of ids."""

    def __init__(self, workflow: Mapping[str, Any]) -> None:
        self.graph: Graph = {}
        self._left = _MAX_SUBGRAPHS
        definitions = _object(workflow.get("definitions"))
        self._subgraphs: dict[str, Mapping[str, Any]] = {
            str(each["id"]): each for each in _objects(definitions.get("subgraphs")) if "id" in each
        }
        self._groups: dict[str, Mapping[str, Any]] = {}
        groups = _object(_object(workflow.get("extra")).get("groupNodes"))
        for name, group in groups.items():
            if isinstance(group, dict):
                self._groups |= {f"workflow>{name}": group, f"workflow/{name}": group}

    def joined(self) -> Graph:
        """Return the graph, with links to the nodes that stand for outputs."""
        return {
            path: Node(node.type, {n: self._source(v) for n, v in node.inputs.items()}, node.title)
            for path, node in self.graph.items()
        }

    def _source(self, value: Any) -> Any:
        node = self.graph.get(value.node) if isinstance(value, Link) else None
        if node is None or node.type != _ENDS:
            return value
        return Link(f"{value.node}>{value.slot}", 0)

    def expand(
        self,
        scope: Mapping[str, Any],
        prefix: str,
        given: Mapping[int, Any],
        promoted: Mapping[str, Mapping[str, Any]],
        depth: int,
    ) -> None:
        """Add the nodes of a scope.

        `given`: what the inputs of a subgraph are given, by number; `promoted`: values of nodes in
        it that are set outside, by node and name.
        """
        nodes = _objects(scope.get("nodes"))
        by_id = {str(node.get("id", at)): node for at, node in enumerate(nodes)}
        links = dict(_links(scope.get("links")))
        stored = {
            _first(node): self._incoming(node, links, prefix, given)
            for node in nodes
            if str(node.get("type")) in {"SetNode", "easy setNode"}
        }
        for key, node in by_id.items():
            if len(self.graph) >= MAX_NODES:
                return
            if node.get("mode") == _MUTED:
                continue
            incoming = self._incoming(node, links, prefix, given)
            kind = str(node.get("type", ""))
            path = prefix + key
            if node.get("mode") == _BYPASSED:
                self._pass_on(node, path, incoming)
            elif (inner := self._inner(kind, node)) is not None:
                self._left -= 1
                if depth < _MAX_DEPTH and self._left > 0:
                    self._subgraph(inner, node, path, incoming, depth)
            elif kind in {"GetNode", "easy getNode"}:
                source = next(iter(stored.get(_first(node), {}).values()), None)
                self.graph[path] = Node(kind, {_PASSED_ON: source})
            else:
                inputs = {**_values(node, kind), **promoted.get(key, {}), **incoming}
                self.graph[path] = Node(kind, inputs, str(node.get("title", "")))

    def _incoming(
        self,
        node: Mapping[str, Any],
        links: Mapping[int, tuple[str, int]],
        prefix: str,
        given: Mapping[int, Any],
    ) -> dict[str, Any]:
        """Return the linked inputs of a node by name."""
        incoming: dict[str, Any] = {}
        for entry in _objects(node.get("inputs"))[:MAX_INPUTS]:
            number = entry.get("link")
            if not isinstance(number, int) or number not in links:
                continue
            origin, slot = links[number]
            name = str(entry.get("name") or _PASSED_ON)
            if origin != str(_INPUT):
                incoming[name] = Link(prefix + origin, slot)
            elif slot in given:
                incoming[name] = given[slot]
        return incoming

    def _pass_on(self, node: Mapping[str, Any], path: str, incoming: Mapping[str, Any]) -> None:
        """Add what a bypassed node leaves: for each output, the first input of its type."""
        types = {str(e.get("name")): e.get("type") for e in _objects(node.get("inputs"))}
        for slot, output in enumerate(_objects(node.get("outputs"))[:MAX_INPUTS]):
            for name, value in incoming.items():
                if types.get(name) == output.get("type"):
                    self.graph[f"{path}>{slot}"] = Node("Reroute", {_PASSED_ON: value})
                    break
        self.graph[path] = Node(_ENDS)

    def _inner(self, kind: str, node: Mapping[str, Any]) -> Mapping[str, Any] | None:
        group = self._groups.get(kind)
        return self._subgraphs.get(kind) if group is None else _as_subgraph(group, node)

    def _subgraph(
        self,
        inner: Mapping[str, Any],
        node: Mapping[str, Any],
        path: str,
        incoming: Mapping[str, Any],
        depth: int,
    ) -> None:
        promoted = _promoted(node)
        values = {**_values(node, ""), **promoted.get(str(_OUTSIDE), {}), **incoming}
        names = [str(entry.get("name")) for entry in _objects(inner.get("inputs"))]
        given = {at: values[name] for at, name in enumerate(names) if name in values}
        self.graph[path] = Node(_ENDS, {k: v for k, v in values.items() if k not in names})
        for origin, slot, end in _ends(inner.get("links")):
            inside = Link(f"{path}:{origin}", slot)
            self.graph[f"{path}>{end}"] = Node("Reroute", {_PASSED_ON: inside})
        self.expand(inner, f"{path}:", given, promoted, depth + 1)


def _promoted(node: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values of a subgraph's node by the id of the node within it, and by name."""
    proxies = _object(node.get("properties")).get("proxyWidgets")
    values = node.get("widgets_values")
    promoted: dict[str, dict[str, Any]] = {}
    if isinstance(proxies, list) and isinstance(values, list) and len(proxies) == len(values):
        for proxy, value in zip(proxies[:MAX_INPUTS], values, strict=False):
            match proxy:
                case [str() | int() as inner, str() as name, *_] if value is not None:
                    promoted.setdefault(str(inner), {})[name] = value
    return promoted


def _as_subgraph(group: Mapping[str, Any], outer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a group node of older editors as a subgraph with the values of the outer node.

    Its nodes are named by their position and linked by the positions of both ends.
    """
    nodes = [{**node, "id": at} for at, node in enumerate(_objects(group.get("nodes")))]
    links: list[Any] = []
    for link in group.get("links") or ():
        match link:
            case [int() as origin, int() as slot, int() as target, int() as end, *_]:
                inputs = nodes[target].get("inputs") if 0 <= target < len(nodes) else None
                if isinstance(inputs, list) and 0 <= end < len(inputs):
                    linked = [*inputs]
                    linked[end] = {**_object(inputs[end]), "link": len(links)}
                    nodes[target]["inputs"] = linked
                    links.append([len(links), origin, slot, target, end, ""])
    used = {(link[1], link[2]) for link in links} - _external(group)
    free = [
        (at, slot)
        for at, node in enumerate(nodes)
        for slot, _ in enumerate(_objects(node.get("outputs")))
        if (at, slot) not in used
    ]
    links += [
        {"origin_id": origin, "origin_slot": slot, "target_id": _OUTPUT, "target_slot": at}
        for at, (origin, slot) in enumerate(free)
    ]
    stored = [node.get("widgets_values") for node in nodes]
    values, at = outer.get("widgets_values"), 0
    counts = [len(each) if isinstance(each, list) else 0 for each in stored]
    if isinstance(values, list) and len(values) == sum(counts):
        for node, count in zip(nodes, counts, strict=True):
            node["widgets_values"], at = values[at : at + count], at + count
    return {"nodes": nodes, "links": links}


def _external(group: Mapping[str, Any]) -> set[tuple[int, int]]:
    """Return position and output of the nodes of a group that are linked outside as well."""
    external = group.get("external")
    return {
        (each[0], each[1])
        for each in (external if isinstance(external, list) else ())
        if isinstance(each, list) and len(each) > 1 and all(isinstance(n, int) for n in each[:2])
    }


_ENDS: Final = "#outputs"  # class of a node whose outputs are nodes of their own, `<path>><slot>`


def _links(links: Any) -> Iterator[tuple[int, tuple[str, int]]]:
    """Yield the number, the origin and its output of each link, a list or an object."""
    for link in links if isinstance(links, list) else ():
        match link:
            case [int() as number, (int() | str()) as origin, int() as slot, _, _, *_]:
                yield number, (str(origin), slot)
            case {"id": int() as number, "origin_id": origin, "origin_slot": int() as slot}:
                yield number, (str(origin), slot)


def _ends(links: Any) -> Iterator[tuple[str, int, int]]:
    """Yield origin, output, and the output of the subgraph, of the links that leave it."""
    for link in links if isinstance(links, list) else ():
        match link:
            case {"origin_id": origin, "origin_slot": int() as slot, "target_slot": int() as end}:
                if link.get("target_id") == _OUTPUT:
                    yield str(origin), slot, end


def _values(node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the values of a node by name, as far as names can be told."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(name): value for name, value in list(values.items())[:MAX_INPUTS]}
    if not isinstance(values, list):
        return {}
    values = values[:MAX_INPUTS]
    plain = [value for value in values if not (isinstance(value, str) and value in _CONTROL)]
    named = [str(e.get("name")) for e in _objects(node.get("inputs")) if "widget" in e]
    known = _VALUES.get(kind, "").split()
    if "Efficient" in kind and len(plain) > 1 and plain[1] is None:
        del plain[1]  # the control of an efficient sampler's seed
    if known and len(plain) >= len(known):
        return {**_guessed(plain[len(known) :]), **dict(zip(known, plain, strict=False))}
    for candidates in (plain, values):
        if named and len(named) == len(candidates):
            return dict(zip(named, candidates, strict=True))
    if known:
        return dict(zip(known, plain, strict=False))
    return _guessed(values)


def _guessed(values: list[Any]) -> dict[str, Any]:
    """Return values under names that tell what they look like."""
    guessed: dict[str, Any] = {}
    sampling: list[str] = []
    for at, value in enumerate(values):
        following = values[at + 1] if at + 1 < len(values) else None
        if isinstance(value, str) and value in _CONTROL:
            continue
        if isinstance(value, int) and isinstance(following, str) and following in _CONTROL:
            guessed["seed"] = value
            sampling = _SAMPLING.split()
        elif sampling and isinstance(value, str) == sampling[0].endswith(("name", "scheduler")):
            guessed[sampling.pop(0)] = value
        elif isinstance(value, str) and re.search(r"\.(safetensors|ckpt|gguf|sft|pth?)$", value):
            guessed[f"file_{at}"] = value
        elif isinstance(value, str):
            guessed[f"text_{at}" if " " in value.strip() else f"option_{at}"] = value
        elif isinstance(value, dict):
            guessed[f"lora_{at}" if "lora" in value else f"object_{at}"] = value
        else:
            guessed[f"number_{at}"] = value
            sampling = []
    return guessed


def _first(node: Mapping[str, Any]) -> str:
    """Return the first value of a node, which is the name of a variable."""
    match node.get("widgets_values"):
        case [first, *_]:
            return str(first)
    return str(node.get("title", "")).removeprefix("Set_").removeprefix("Get_")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list, those of an object by their keys."""
    if not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, dict)]
