"""Values as generators write them: texts, seeds, names of models and LoRAs, JSON."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.fields import MAX_TEXT, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 200  # items of a list, LoRAs
MAX_NAME: Final = 300  # characters of a model's name
_DEPTH: Final = 4  # lists and objects within each other
NOTHING: Final = frozenset({"", "none", "null", "undefined", "nan"})
_SEED: Final = re.compile(r"(\d{1,20})(?:\.0+)?")
_HASH: Final = re.compile(r"\s*(?:\[[0-9a-f]{6,64}\]|\([0-9a-f]{6,64}\))$", re.IGNORECASE)
_NAMES: Final = ("name", "model_name", "modelName", "modelFileName", "lora_name", "label", "file",
                 "path")  # fmt: skip
_NESTED: Final = ("model", "Model", "lora", "lora_model")
_TEXTS: Final = ("prompt", "text", "caption", "base_caption", "char_caption", "value", *_NAMES)
_LORA: Final = re.compile(
    r"<(?:lora|lyco|lycoris):([^:<>\n]{1,200})(?::[^<>\n]{0,200})?>", re.IGNORECASE
)
_PAIR: Final = re.compile(
    r'"((?:[^"\\]|\\.){1,80}+)"\s*+:\s*+("(?:[^"\\]|\\.)*+"|-?\d[\d.eE+-]*+|true|false)', re.DOTALL
)


def text(value: object, depth: int = _DEPTH) -> str | None:
    """Return a value as a text, None where it has none; the texts of a list are joined."""
    found: str | None = None
    if isinstance(value, str):
        found = value
    elif isinstance(value, bool) or value is None or not depth:
        return None
    elif isinstance(value, (int, float)):
        found = str(value) if math.isfinite(value) else None
    elif isinstance(value, list):
        parts = (text(item, depth - 1) for item in value[:_MOST])
        found = ", ".join(part for part in parts if part)
    elif isinstance(value, dict):
        parts = (text(value[name], depth - 1) for name in _TEXTS if name in value)
        found = next((part for part in parts if part), None)
    found = (found or "").replace("\x00", "").strip()[:MAX_TEXT]
    return None if found.lower() in NOTHING else found


def seed(value: object) -> str | None:
    """Return a seed of up to 64 bits, None for anything else."""
    match = _SEED.fullmatch((text(value) or "").strip("'\""))
    return str(int(match[1])) if match and int(match[1]) < 2**64 else None


def model(value: object) -> str | None:
    """Return the name of a model without folder, suffix and hash."""
    if isinstance(value, dict):
        named = (value.get(name) for name in (*_NAMES, *_NESTED))
        return next((name for each in named if (name := model(each))), None)
    if isinstance(value, list):
        return model(value[0]) if value else None
    name = (text(value) or "")[: 4 * MAX_NAME]
    name = _HASH.sub("", name).rstrip("/\\")
    name = stem(name).strip()
    return name[:MAX_NAME] if name.lower() not in NOTHING else None


def loras(value: object, depth: int = _DEPTH) -> Iterator[str]:
    """Yield the names in a list of LoRAs: texts, pairs of name and weight, or objects.

    In a text, they are separated by commas and followed by a weight or hash: `ink: 0.8, wash: 1`.
    """
    if not depth:
        return
    if isinstance(value, str):
        listed = value.strip()
        listed = listed[1:-1] if listed.startswith(("[", "(")) else listed
        for part in listed.split(",", _MOST)[:_MOST]:
            name = part.strip("'\" ")[: 2 * MAX_NAME].rsplit(":", 1)[0]
            if (found := model(name.strip())) and not _is_number(found):
                yield found
    elif isinstance(value, dict):
        if found := model(value):
            yield found
        else:  # name -> weight
            for name, weight in list(value.items())[:_MOST]:
                if isinstance(weight, (int, float, str)) and (found := model(name)):
                    yield found
    elif isinstance(value, list):
        for item in value[:_MOST]:
            if isinstance(item, list) and item and isinstance(item[0], str):
                item = _name_in_pair(item)  # noqa: PLW2901 - the pair is not needed
            yield from loras(item, depth - 1)


def _name_in_pair(pair: list[Any]) -> str:
    """Return the name in [name, weight, ...] or [hash, "weight - name"]."""
    weighted = pair[1] if len(pair) > 1 and isinstance(pair[1], str) else ""
    return weighted.partition(" - ")[2] or str(pair[0])


def loras_in(prompt: str) -> list[str]:
    """Return the LoRAs that a prompt names: `<lora:ink:0.8>`."""
    names = (model(match[1]) for match in _LORA.finditer(prompt))
    return list(dict.fromkeys(name for name in names if name))[:_MOST]


def _is_number(name: str) -> bool:
    return not any(character.isalpha() for character in name)


def between(marks: list[re.Match[str]], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each mark with the text from its end to the next mark."""
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):
        yield mark, text[mark.end() : end]


def json_object(document: str) -> dict[str, Any]:
    """Return the JSON object that a text begins with, {} if it begins with none.

    Of an object that is cut off or damaged, the names with a plain value are returned, whatever
    they are nested in. Objects of more than `MAX_TEXT` characters are graphs, and not read here.
    """
    if len(document) > MAX_TEXT:
        return {}
    document = document.lstrip("\ufeff\x00 \t\r\n")
    if not document.startswith("{"):
        return {}
    decoder = json.JSONDecoder(strict=False, parse_int=_int)
    try:
        found, _ = decoder.raw_decode(document)
    except (ValueError, RecursionError):
        return _pairs(document)
    return found if isinstance(found, dict) else {}


def _pairs(document: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for match in _PAIR.finditer(document):
        try:
            name, value = (json.loads(part, strict=False, parse_int=_int)
                           for part in (f'"{match[1]}"', match[2]))  # fmt: skip
        except ValueError:
            continue
        found.setdefault(name, value)
    return found


def _int(digits: str) -> int | str:
    """Return an integer, or its digits where it is too long to be a number of a generator."""
    return int(digits) if len(digits) < 40 else digits
