"""The graphs of ComfyUI in the texts of a file, however its saver has named and cut them.

ComfyUI stores two JSON objects: `prompt`, what was executed, and `workflow`, what the editor shows.
Savers write them as texts of their own, behind a name (`Workflow:{...}`), or together in a third
object; some programs cut long texts.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.fields import MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_DIGITS: Final = 30  # of an integer; a seed has twenty
_MAX_WRAPPED: Final = 3  # objects or texts around a graph
# The name of an encoding, as EXIF has it, and the name of the graph.
_NAMED: Final = re.compile(
    r"(?:(?:ASCII|UNICODE|JIS)\0+)?\s*(?:[A-Za-z_ ]{1,40}[:=]\s*)?(?=[{\[\"])"
)
_BLANK: Final = "\ufeff\0 \t\r\n"
# A text of a node, which may be cut, up to its first escaped character.
_STRING: Final = re.compile(
    r'"(?:\w{0,20}text|prompt|string|value)\w{0,20}":\s{0,9}"([^"\\]{3,20000})'
)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],"]', re.DOTALL)


PROMPT, WORKFLOW = "prompt", "workflow"  # what was executed; what the editor shows
_SIGNS: Final = {PROMPT: "class_type", WORKFLOW: "nodes"}  # a word in every graph of this kind


def find(texts: Mapping[str, str], kind: str) -> dict[str, Any] | None:
    """Return the first graph of a kind in the texts of a file, None if there is none."""
    for text in texts.values():
        if _SIGNS[kind] in text:
            for found, graph in _graphs(_unnamed(text), kind, _MAX_WRAPPED):
                if found == kind:
                    return graph
    return None


def strings(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts of prompts in graphs that are too damaged to be parsed."""
    for text in texts.values():
        if _SIGNS[PROMPT] in text:
            for match in _STRING.finditer(text[:MAX_SOURCE].replace('\\"', '"')):
                yield match[1]


def _unnamed(text: str) -> str:
    text = text[:MAX_SOURCE].lstrip(_BLANK)
    named = _NAMED.match(text)
    return text[named.end() :] if named else text


def _graphs(content: Any, kind: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the graphs in an object: it is one, or members of it are, as objects or as texts."""
    if isinstance(content, str) and depth:
        text = content.strip(_BLANK)
        if text.startswith(("{", "[", '"{')) and _SIGNS[kind] in text:
            yield from _graphs(parsed(text), kind, depth - 1)
        return
    if isinstance(content, list) and depth:
        content = dict(enumerate(content))
    if not isinstance(content, dict):
        return
    if isinstance(content.get("nodes"), list):
        yield WORKFLOW, content
    elif any(isinstance(node, dict) and "class_type" in node for node in content.values()):
        yield PROMPT, content
    elif depth:
        for member in list(content.values())[:64]:
            yield from _graphs(member, kind, depth - 1)


def parsed(text: str) -> Any:
    """Return the value of JSON, of as much as there is if it is cut; None if there is none."""
    for repaired in (str, _closed):
        with suppress(ValueError, RecursionError):
            return json.loads(repaired(text), strict=False, parse_int=_integer)
    return None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _closed(text: str) -> str:
    """Return JSON without what follows its last whole member, its brackets closed."""
    ends: list[str] = []
    cut, open_at_cut = 0, 0
    closers: dict[str, str] = {"{": "}", "[": "]"}
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark == '"':
            break  # a string that is cut
        if mark in closers:
            ends.append(closers[mark])
        elif mark in {"}", "]"}:
            if not ends or ends.pop() != mark:
                break
            cut, open_at_cut = token.end(), len(ends)
            if not ends:
                break
        elif mark == ",":
            cut, open_at_cut = token.start(), len(ends)
    return text[:cut] + "".join(reversed(ends[:open_at_cut]))
