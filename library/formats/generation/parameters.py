"""Generation parameters of a file: fields of Document from the texts that its maker has stored."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from library.formats.generation import comfyui, sources
from library.formats.generation.makers import MAKERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image


def read(image: Image.Image) -> dict[str, Any]:
    """Return fields of Document from the parameters of a decoded picture."""
    texts = sources.named_texts(image)
    fields = parse(texts)
    if not fields.get("prompt") and (hidden := sources.hidden_texts(image)):
        texts |= hidden
        fields = parse(texts)
    if rest := sources.unread(texts, fields):
        fields["unread"] = "\n".join(filter(None, [fields.get("unread"), rest]))
    return fields


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from named texts, as a PNG has them. Never raises.

    The first maker whose texts have a prompt counts, else the first who understands anything.
    Some nodes of ComfyUI write what was executed in the layout of another maker: its graph adds
    what that does not state.
    """
    texts = sources.unwrapped(texts)
    best: dict[str, Any] = {}
    graph: dict[str, Any] = {}
    with suppress(Exception):  # a text may be damaged in any way
        graph = comfyui.parse(texts)
    for maker in MAKERS if texts else ():
        with suppress(Exception):
            fields = graph if maker.parse is comfyui.parse else maker.parse(texts)
            if fields.get("prompt"):
                return {**graph, **fields}
            best = best or fields
    return best
