"""Midjourney: prompt, parameters and job in the PNG text `Description`, or in other descriptions.

brass automaton, studio light --no text --ar 16:9 --v 6.0 Job ID: 00000000-aaaa-...
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACES: Final = (
    "Description", "ImageDescription", "xmp:description", "iptc:description", "comment", "Comment",
    "UserComment", "parameters", "XPTitle", "XPComment", "XPSubject", "Title", "xmp:title",
)  # fmt: skip
_MAX: Final = 20_000  # characters of a description
_NAMES: Final = Names(prompt=("prompt",), negative=("no",), model=("Midjourney",))
_PARAMETER: Final = re.compile(
    r"(?:(?<=\s)|^)(?:--|\u2014|\u2013)(ar|aspect|version|v|niji|stylize|s|chaos|c|seed|no|iw|quality|q|style"
    r"|weird|w|tile|sref|sw|sv|cref|cw|oref|ow|profile|personalize|p|raw|draft|turbo|fast|relax|hd"
    r"|uplight|upbeta|upanime|testp|test|stop|repeat|r|exp|video|motion|loop|stealth|public|sameseed)"
    r"(?=\s|$)",
    re.IGNORECASE,
)
_JOB: Final = re.compile(r"\bJob ID:\s*([0-9a-fA-F-]{8,64})")


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the first description with parameters or a job."""
    for place in _PLACES:
        text = texts.get(place, "")[:_MAX]
        if text.lstrip().startswith("{"):
            continue
        job = _JOB.search(text)
        without_job = _JOB.sub("", text)
        first = _PARAMETER.search(without_job)
        if job is None and first is None:
            continue
        end = first.start() if first else len(without_job)
        prompt = without_job[:end].strip().removeprefix("/imagine").strip().removeprefix("prompt:")
        settings = {"prompt": prompt.strip(), **_parameters(without_job[end:])}
        settings["Midjourney"] = _model(settings)
        if job is not None:
            settings["job"] = job[1]
        return document_fields("Midjourney", settings, _NAMES)
    return {}


def _parameters(text: str) -> dict[str, str]:
    marks = list(_PARAMETER.finditer(text))
    stated: dict[str, str] = {}
    for mark, value in values.between(marks, text):
        stated.setdefault(mark[1].lower(), value.strip())
    return stated


def _model(settings: Mapping[str, str]) -> str:
    if "niji" in settings:
        return f"Midjourney Niji {settings['niji']}".strip()
    return f"Midjourney {settings.get('v') or settings.get('version') or ''}".strip()
