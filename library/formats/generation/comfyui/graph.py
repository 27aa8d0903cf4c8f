"""A graph of ComfyUI as values: nodes with named inputs, each a value or a link to another node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_NODES: Final = 100_000
MAX_INPUTS: Final = 1_000  # of a node


class Link(NamedTuple):
    """A link to an output of a node."""

    node: str
    slot: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its class, its title, and its inputs by name."""

    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""

    @property
    def name(self) -> str:
        """Its class in lowercase."""
        return self.type.lower()

    def links(self) -> Iterator[tuple[str, Link]]:
        """Yield the inputs that are links."""
        for name, value in self.inputs.items():
            if isinstance(value, Link):
                yield name, value


Graph = dict[str, Node]


def executed(prompt: Mapping[str, Any]) -> Graph:
    """Return the graph of a `prompt` of ComfyUI's API; parts that are no nodes are left out."""
    graph: Graph = {}
    for key, node in list(prompt.items())[:MAX_NODES]:
        if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
            continue
        inputs = list(node["inputs"].items())[:MAX_INPUTS]
        meta = node.get("_meta")
        graph[str(key)] = Node(
            type=str(node.get("class_type", "")),
            inputs={str(name): _value(value) for name, value in inputs},
            title=str(meta.get("title", "")) if isinstance(meta, dict) else "",
        )
    return graph


def _value(value: Any) -> Any:
    match value:
        case [str() | int() as node, int() as slot] if not isinstance(node, bool):
            return Link(str(node), slot)
        case {"__value__": inner}:  # how the editor wraps a list that is no link
            return inner
        case {"content": str() as inner}:  # a file name with its preview
            return inner
    return value
