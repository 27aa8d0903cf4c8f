"""The files that a graph of ComfyUI loads: those that it changes, and those that only guide it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import inputs
from library.formats.generation.comfyui.walk import is_begun_by_picture, picture_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from library.formats.generation.comfyui.graph import Node
    from library.formats.generation.comfyui.walk import Walk


_MOST_ENDS: Final = 8  # nodes from which files are looked for


def fields(walk: Walk, passes: Sequence[str]) -> dict[str, Any]:
    """Return `madeFrom` and `references`; `passes` are the nodes that made the picture.

    Without a pass, the picture is a changed one, and all files that lead to it are its parents.
    """
    ends = walk.ends()[:_MOST_ENDS]
    begin = passes or ends
    changed = [text for key in begin for text in _loaded(walk.upstream(key, _pictures))]
    leading = [text for key in (*begin, *ends) for text in _loaded(walk.upstream(key, _all))]
    return inputs.fields(changed, leading)


def _loaded(nodes: Iterator[tuple[str, Node]]) -> Iterator[str]:
    """Yield the names of files in nodes that are given no picture."""
    for _, node in nodes:
        if "mask" in node.name or "save" in node.name or picture_inputs(node):
            continue
        for name, value in node.inputs.items():
            if isinstance(value, str) and "prompt" not in name.lower():
                yield value


def _pictures(node: Node) -> list[str]:
    begun = [name for name, _ in node.links() if "image" in name.lower()]
    return [*picture_inputs(node), *(begun if is_begun_by_picture(node) else ())]


def _all(node: Node) -> list[str]:
    return [name for name, _ in node.links()]
