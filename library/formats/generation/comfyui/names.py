"""What the inputs of nodes are for, by their names.

Nodes come from hundreds of makers; most of them follow the habits of ComfyUI's own nodes.
"""

from __future__ import annotations

import re
from typing import Any, Final

from library.formats.generation.comfyui.graph import Link, Node

POSITIVE, NEGATIVE = "positive", "negative"

_ROLES: Final = {
    POSITIVE: re.compile(r"(^|_)(pos|positive)(?=_|$|\d)"),
    NEGATIVE: re.compile(r"(^|_)(neg|negative)(?=_|$|\d)"),
}
_TEXT: Final = re.compile(
    r"(?<!con)text|prompt|string|^str\d*$|caption|wildcard|^clip_?[lg]$|^t5|^llama|^qwen|^bert|^mt5|lyrics|^tags$"
    r"|^value|^content|description|prefix|suffix|instruction|phrase|^pos|^neg|positive|negative"
    r"|^conditioning|^cond\d*$|^any"
)
# Strings that are options, and links to other things than a text or a conditioning.
_NO_TEXT: Final = re.compile(
    r"(^|_)(files?|path|folder|mode|format|type|area|font|language|action|case)(_|\d|$)|styles?$"
    r"|encoder|normali|interpretation|filename|delimiter|separator|linebreak|_name$|model|strength"
    r"|weight|lora|token|tidy|log_|device|seed|(^|[_ ])select|system|extension|dtype|precision"
    r"|offload|length|colou?r|^embedding"
)
_NO_LINK: Final = re.compile(
    r"(^|_)(models?|clip|vae|images?|pixels|latents?|samples|masks?|control_?net|controls?|vision"
    r"|unet|ipadapter|audio|video|seed|noise|width|height|strength|weight|guidance|cfg|steps"
    r"|scheduler|sigmas|frames?|length|fps|size|insightface|detector|bbox|sam|segs?|hooks?"
    r"|count|int|float|gligen|t5|loras?|stack|denoise|batch|timestep|percent|upscale)(_|\d|$)|^sampler"
)
_PROSE: Final = re.compile(r"(?:[^\W\d_]{2,}[^\w]+){2}[^\W\d_]{2}|[\u0e00-\u0e7f\u3040-\ud7af]{4}")
_FILE: Final = re.compile(
    r"\.(safetensors|ckpt|gguf|sft|pth?|bin|onnx|png|jpe?g|webp|mp4|txt)$", re.IGNORECASE
)
_PIPE: Final = re.compile(
    r"pipe|(^|_)ctx|context|tuple|(^|_)settings|params|(^|_)config|bus|bundle"
)
_ZEROED: Final = re.compile(r"zero ?_?out|^empty ?conditioning", re.IGNORECASE)
_SHOWN: Final = re.compile(r"^(text_?\d+|result|populated_\w+|processed_\w+|final_\w+)$")
_SWITCH: Final = re.compile(r"switch|select|branch|if ?_?else|choose|choice|(?<!re)rout(e|ing)")
_CHOICE: Final = re.compile(
    r"^(select(ed)?(_?index|_?input)?|input|index|boolean|bool|switch|cond(ition)?|which|on_?off"
    r"|value|choice|n)$"
)
_WORDS: Final = {
    "true": True, "false": False, "enabled": True, "disabled": False, "on": True, "off": False,
    "yes": True, "no": False,
}  # fmt: skip
_TRUE: Final = re.compile(r"^(on_?true|true|tt_?value|if_?true|true_value|.*_true)$")
_FALSE: Final = re.compile(r"^(on_?false|false|ff_?value|if_?false|false_value|else|.*_false)$")


def is_zeroed(node: Node) -> bool:
    """Return whether a node passes on no text, whatever it is linked to."""
    return _ZEROED.search(node.type) is not None


def is_pipe(name: str) -> bool:
    """Return whether an input carries many values at once."""
    return _PIPE.search(name.lower()) is not None


def is_file(value: str) -> bool:
    """Return whether a text is the name of a file."""
    return _FILE.search(value.strip()) is not None


def is_words(name: str, value: str) -> bool:
    """Return whether a text of an input is one that is searched."""
    if name.lower().startswith("select"):  # a list from which something is added to a text
        return False
    return _is_prose(value) or bool(_TEXT.search(name.lower()) and _is_usable(name.lower(), value))


def is_of(name: str, role: str) -> bool:
    """Return whether an input is for this role."""
    return _ROLES[role].search(name.lower()) is not None


def is_display(node: Node) -> bool:
    """Return whether a node shows a text that it is given, and stores what it has shown last."""
    return re.search(r"show|display|preview", node.name) is not None


def shown(node: Node) -> str:
    """Return the text that a node has shown, "" if it is no display or has shown none."""
    result = _stored_result(node, list(node.inputs)) if is_display(node) else None
    return str(node.inputs[result]) if result else ""


def _stored_result(node: Node, usable: list[str]) -> str | None:
    """Return the input in which a node stores the text that it has made."""
    results = [n for n in usable if _SHOWN.search(n.lower()) and _words(node.inputs[n])]
    stores = re.search(r"show|display|preview|wildcard|string ?function|populat", node.name)
    return results[-1] if results and stores else None


def is_random(text: str) -> bool:
    """Return whether a text is one from which words are chosen at random."""
    return re.search(r"\{[^{}]*\|[^{}]*\}|__\w[^\s_]*__", text[:20_000]) is not None


def for_text(node: Node, role: str) -> list[str]:
    """Return the inputs that lead from a node to the text of a role, in the order of reading."""
    usable = [n for n, v in node.inputs.items() if _is_usable(n.lower(), v)]
    own = [name for name in usable if is_of(name, role)]
    if own:
        return _ordered([name for name in own if "refine" not in name.lower()] or own)
    other = _ROLES[NEGATIVE if role == POSITIVE else POSITIVE]
    usable = [name for name in usable if not other.search(name.lower())]
    if (result := _stored_result(node, usable)) and not is_display(node):
        return [result]
    usable = [name for name in usable if name != result] if is_display(node) else usable
    if any(_TEXT.search(name.lower()) for name in usable):
        usable = [n for n in usable if _TEXT.search(n.lower()) or isinstance(node.inputs[n], Link)]
    else:
        usable = [
            n for n in usable if isinstance(node.inputs[n], Link) or _is_prose(node.inputs[n])
        ]
    return _ordered(usable)


def _is_usable(name: str, value: Any) -> bool:
    if isinstance(value, Link):
        return bool(re.search(r"^clip_?[lg]$|^t5xxl$", name)) or not _NO_LINK.search(name)
    is_text = isinstance(value, str) and value.strip() and not is_file(value)
    return bool(is_text) and not _NO_TEXT.search(name)


def _is_prose(value: Any) -> bool:
    """Return whether a value has some words, or some characters of a script without spaces."""
    return isinstance(value, str) and _PROSE.search(value[:20_000]) is not None


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _ordered(names: list[str]) -> list[str]:
    """Return names in the order of reading: an API graph lists links after values."""
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[int, str]:
    name = name.lower()
    if re.search(r"^pre|prefix|before|^t5|text_g|prompt_g|clip_g|^beginning", name):
        return 0, name
    if re.search(r"suffix|append|after|^post|^app|text_l|prompt_l|clip_l|ending", name):
        return 2, name
    stem = re.fullmatch(r"(.*?)(?:_([a-h])|_?(\d+))", name)
    return 1, "" if stem is None else stem[2] or stem[3].rjust(6, "0")


def delimiter(node: Node) -> str | None:
    """Return what a node writes between texts; None if it has no such setting."""
    for name in ("delimiter", "separator", "linebreak_addition", "join_with"):
        value = node.inputs.get(name)
        if isinstance(value, str):
            words = {"space": " ", "comma": ", ", "newline": "\n", "none": "", "true": "\n"}
            value = words.get(value.lower(), value)
            return value.replace("\\n", "\n").replace("\\t", "\t")[:20]
    return None


def chosen(node: Node, choice: Any) -> list[str] | None:
    """Return the input that a switch passes on, by the value that decides; None: no switch."""
    if not _SWITCH.search(node.name):
        return None
    linked = [n for n, v in node.inputs.items() if not _CHOICE.search(n.lower()) and v is not None]
    if isinstance(choice, str) and choice in linked:
        return [choice]
    if isinstance(choice, str) and choice.lower() in _WORDS:
        choice = _WORDS[choice.lower()]
    if isinstance(choice, str) and choice.isdecimal():
        choice = int(choice)
    if isinstance(choice, bool) and not any(_TRUE.search(n.lower()) for n in linked):
        choice = 1 if choice else 2
    if any(_TRUE.search(n.lower()) or _FALSE.search(n.lower()) for n in linked):
        side = _TRUE if choice else _FALSE
        return [name for name in linked if side.search(name.lower())][:1]
    numbered = [n for n in linked if re.search(r"(\d+|_[a-h])$", n)]
    if isinstance(choice, (int, float)) and numbered:
        of_number = [name for name in numbered if _number(name) == int(choice)]
        return of_number[:1] or [n for n in numbered if _number(n) == int(choice) + 1][:1]
    return [name for name in linked if isinstance(node.inputs[name], Link)][:1]


def _number(name: str) -> int:
    end = re.search(r"(\d+|[a-h])$", name)
    if end is None:
        return -1
    return int(end[1][:6]) if end[1].isdecimal() else ord(end[1]) - ord("a") + 1


def choice_of(node: Node) -> str | None:
    """Return the input that decides what a switch passes on."""
    for name, value in node.inputs.items():
        decides = isinstance(value, (Link, bool, int, float)) or (
            isinstance(value, str)
            and (value.lower() in _WORDS or value.isdecimal() or value in node.inputs)
        )
        if _CHOICE.search(name.lower()) and decides:
            return name
    return None
