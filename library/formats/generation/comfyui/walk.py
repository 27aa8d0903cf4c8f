"""Walks through a graph of ComfyUI, from what is saved back to what it was made of.

Every walk visits a node once, and all of them together have a limited number of steps, so that a
hostile graph costs only itself.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.comfyui import names
from library.formats.generation.comfyui.graph import Link, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from library.formats.generation.comfyui.graph import Graph

MAX_TEXT: Final = 20_000  # characters of one text
_MAX_STEPS: Final = 400_000  # of all walks through a graph
_MAX_CHARACTERS: Final = 4_000_000  # of all texts that are put together
_MAX_DEPTH: Final = 80  # nodes that one text passes through
_MAX_COMPARED: Final = 16  # texts of one node
_SEED: Final = frozenset({"seed", "noise_seed"})
_SETTINGS: Final = frozenset(
    {"steps", "cfg", "sampler_name", "scheduler", "denoise", "sigmas", "cfg_scale", "guider"}
)
_NOT_A_PASS: Final = re.compile(r"context|config|select|settings|parameter|provider|detect|script")
_PICTURE: Final = re.compile(r"latent|samples|image|pixels|^segs|frames|video(?!.*model)")
_NO_PICTURE: Final = re.compile(
    r"model|clip|vae|positive|negative|cond|control|mask|detector|noise|guider|sampler|sigmas|text"
    r"|prompt|seed|width|height|audio|lora|embeds|vision|hook|options|args|(^|_)(ref|reference|style"
    r"|start|end|first|last|face)(erence)?_?(image|frame|latent)|cfg|steps|filename"
)
_TO_VIDEO: Final = re.compile(
    r"(image|img|i) ?_?(to|2) ?_?(vid|v$)|reference ?latent", re.IGNORECASE
)
_SAVED: Final = re.compile(
    r"save|video ?combine|videocombine|output|upload|websocket", re.IGNORECASE
)
_SHOWN: Final = re.compile(r"preview|compare|display|show", re.IGNORECASE)


class Walk:
    """One graph, and what has been read of it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.read: dict[str, set[str]] = {names.POSITIVE: set(), names.NEGATIVE: set()}
        self._steps, self._characters = _MAX_STEPS, _MAX_CHARACTERS
        self._texts: dict[tuple[str, str], str] = {}
        self._shown = {
            link.node: text
            for node in graph.values()
            if (text := names.shown(node))
            for _, link in node.links()
        }

    def node(self, link: Any) -> Node | None:
        """Return the node that a link leads to, None if it leads nowhere or steps are used up."""
        self._steps -= 1
        return self.graph.get(link.node) if isinstance(link, Link) and self._steps > 0 else None

    def upstream(self, key: str, follow: Callable[[Node], list[str]]) -> Iterator[tuple[str, Node]]:
        """Yield a node and those that its inputs lead to, the nearest first, each once.

        `follow` returns the inputs of a node that lead on, the more important ones first.
        """
        queue, seen = deque([key]), {key}
        while queue and self._steps > 0:
            at = queue.popleft()
            if (node := self.graph.get(at)) is None:
                continue
            self._steps -= 1
            yield at, node
            for name in self.passed_on(node) or follow(node):
                link = node.inputs[name]
                if isinstance(link, Link) and link.node not in seen:
                    seen.add(link.node)
                    queue.append(link.node)

    def passed_on(self, node: Node) -> list[str] | None:
        """Return the input that a switch passes on, None if the node is no switch."""
        if names.chosen(node, None) is None:
            return None
        name = names.choice_of(node)
        choice = None if name is None else self.literal(node.inputs[name], "value")
        return names.chosen(node, choice) or None

    def literal(self, value: Any, *wanted: str) -> Any:
        """Return the number or text behind a link, by the input names `wanted`; else the value."""
        seen: set[str] = set()
        while isinstance(value, Link):
            node = self.node(value)
            if node is None or value.node in seen:
                return None
            seen.add(value.node)
            value = self._carried(node, wanted)
        return value

    def _carried(self, node: Node, wanted: tuple[str, ...]) -> Any:
        if re.search(r"math|expression|calc|operation", node.name):
            return None
        if names.chosen(node, None) is not None:
            links = [n for n, v in node.inputs.items() if isinstance(v, Link)]
            return node.inputs[links[0]] if links else None
        for name in (*wanted, "value", "Value", "int", "float", "number", "string", "seed"):
            if node.inputs.get(name) is not None:
                return node.inputs[name]
        numbers = [v for v in node.inputs.values() if _is_number(v)]
        strings = [v for v in node.inputs.values() if isinstance(v, str) and names.is_file(v)]
        sources = [link for _, link in node.links()]
        if sources:
            return sources[0]
        alone = numbers if len(numbers) == 1 else strings if not numbers else []
        return alone[0] if len(alone) == 1 else None

    # Texts.

    def text_of(self, key: str, role: str) -> str:
        """Return the text of a role that a node is given."""
        return self._text(Link(key, 0), role, 0)

    def _text(self, link: Link, role: str, depth: int) -> str:
        known = self._texts.get((link.node, role))
        if known is not None:
            return known
        self._texts[link.node, role] = ""  # for a graph that leads back to itself
        node = self.node(link)
        if node is None or depth > _MAX_DEPTH or self._characters < 0 or names.is_zeroed(node):
            return ""
        text = self._joined(node, role, depth)[:MAX_TEXT]
        shown = names.shown(node) or self._shown.get(link.node, "")
        if shown and (not text.strip() or names.is_random(text)):
            text = shown[:MAX_TEXT]  # what came of it
            self.read[role].add(shown)
        self._texts[link.node, role] = text
        return text

    def _joined(self, node: Node, role: str, depth: int) -> str:
        leads = self.passed_on(node) or names.for_text(node, role)
        pieces: list[str] = []
        for name in leads:
            value = node.inputs[name]
            if isinstance(value, Link):
                pieces.append(self._text(value, role, depth + 1))
            elif isinstance(value, str):
                self.read[role].add(value)
                pieces.append(value[:MAX_TEXT])
            if sum(map(len, pieces)) > MAX_TEXT:
                break
        self._characters -= sum(map(len, pieces))
        pieces = [piece for piece in pieces if piece.strip()]
        between = names.delimiter(node)
        if between is not None:
            return between.join(pieces)[:MAX_TEXT]
        find, replacement = (self.literal(node.inputs.get(n)) for n in ("find", "replace"))
        if len(pieces) == 1 and isinstance(find, str) and isinstance(replacement, str) and find:
            return pieces[0].replace(find, replacement[:200])
        is_text = not any("cond" in name.lower() for name in leads)
        if is_text and re.search(r"concat|join|append|merge|combine", node.name):
            return " ".join(pieces)
        return "\n".join(_different(pieces))

    # Pictures.

    def passes(self) -> list[str]:
        """Return the keys of the nodes that made what is saved, the one that began it last."""
        outputs = self.ends()
        samplers = [key for key, node in self.graph.items() if is_pass(node)]
        for key in (*outputs, *samplers[:1]):
            if found := self._chain(key):
                return found
        # A service without a sampler makes a picture from a text; other nodes of unknown makers
        # are given a seed or a positive conditioning.
        for follow, is_maker in ((picture_inputs, _has_prompt), (_linked, _has_seed)):
            for key in outputs:
                for found_key, node in self.upstream(key, follow):
                    if is_maker(node):
                        return [found_key]
        return []

    def ends(self) -> list[str]:
        """Return the keys of the nodes that nothing follows, those that save files first."""
        used = {link.node for node in self.graph.values() for _, link in node.links()}
        ends = [key for key in self.graph if key not in used]
        saved = [key for key, node in self.graph.items() if _SAVED.search(node.type)]
        saved = [key for key in saved if any(True for _ in self.graph[key].links())]
        ranked = [*saved, *sorted(ends, key=lambda k: bool(_SHOWN.search(self.graph[k].type)))]
        return list(dict.fromkeys(ranked))[:1_000]

    def _chain(self, key: str) -> list[str]:
        chain: dict[str, None] = {}
        begin = [key]
        while begin:
            found = [
                next(
                    (at for at, node in self.upstream(each, picture_inputs)
                     if is_pass(node) and at not in chain),
                    None,
                )
                for each in begin
            ]  # fmt: skip
            begin = [at for at in found if at is not None][:1]
            chain |= dict.fromkeys(begin)
            if begin and (stage := self._stage_before(begin[0])) is not None:
                begin.append(stage)
        return list(chain)

    def _stage_before(self, key: str) -> str | None:
        """Return what a second stage is conditioned on, as in Stable Cascade."""
        conditioning = self.node(self.graph[key].inputs.get("positive"))
        stage = None if conditioning is None else conditioning.inputs.get("stage_c")
        return stage.node if isinstance(stage, Link) else None


def is_pass(node: Node) -> bool:
    """Return whether a node samples: it makes a picture, or improves one."""
    if _NOT_A_PASS.search(node.name):
        return False
    inputs = node.inputs.keys()
    if {"noise", "guider"} <= inputs or (inputs & _SEED and inputs & _SETTINGS):
        return True
    links = {name.lower() for name, _ in node.links()}
    needed = re.compile(r"pipe|model|^positive|^guider|sampler|ctx|context")
    return "sampler" in node.name and any(needed.search(name) for name in links)


def _has_prompt(node: Node) -> bool:
    return any("prompt" in name.lower() for name in names.for_text(node, names.POSITIVE))


def _has_seed(node: Node) -> bool:
    has_positive = any(names.is_of(name, names.POSITIVE) for name, _ in node.links())
    return has_positive or any("seed" in name.lower() for name in node.inputs)


def _linked(node: Node) -> list[str]:
    return [name for name, _ in node.links()]


def picture_inputs(node: Node) -> list[str]:
    """Return the inputs of a node that carry the picture it changes."""
    links = [name for name, _ in node.links()]
    if is_pass(node):
        own = [n for n in links if _is_picture(n)]
        return own or [n for n in links if names.is_pipe(n.lower())]
    if _TO_VIDEO.search(node.type):  # its picture is an example; what it begins may be a latent
        return [n for n in links if "latent" in n.lower() or n.lower() == "samples"]
    usable = [n for n in links if not _NO_PICTURE.search(n.lower()) or _is_picture(n)]
    usable = usable or [n for n in links if "audio" in n.lower() and "vae" not in n.lower()]
    return sorted(usable, key=lambda name: not _is_picture(name))


def is_begun_by_picture(node: Node) -> bool:
    """Return whether a node begins a video with a picture."""
    return _TO_VIDEO.search(node.type) is not None and any("image" in n for n, _ in node.links())


def _is_picture(name: str) -> bool:
    name = name.lower()
    return bool(_PICTURE.search(name)) and not _NO_PICTURE.search(name)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _different(pieces: list[str]) -> list[str]:
    """Return the texts without those that another one contains, in their order."""
    distinct = list(dict.fromkeys(piece.strip() for piece in pieces))
    if len(distinct) > _MAX_COMPARED:
        return distinct
    kept: list[str] = []
    for piece in distinct:
        if any(piece in each for each in kept):
            continue
        kept = [each for each in kept if each not in piece]
        kept.append(piece)
    return kept
