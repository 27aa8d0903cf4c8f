"""Services that state only that a picture is generated, and by what: no prompt, no settings.

The digital source type of IPTC in XMP, or in a C2PA manifest (OpenAI, Adobe Firefly, Bing, Google);
the credit `Made with Google AI`; the name of the program. Signatures are not verified.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation.fields import job
from library.formats.generation.settings import TEXT_TO_IMAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GENERATED: Final = re.compile(r"(?:^|/)trainedAlgorithmicMedia\b")
_SERVICES: Final = re.compile(
    r"\b(Adobe Firefly|DALL[-\u00b7 ]?E(?: ?\d)?|GPT[- ]?Image(?:[- ]?\d)?|GPT-4o|ChatGPT|Imagen"
    r"|Gemini|Google AI|Bing Image Creator|Microsoft Designer|Leonardo\.?Ai|Ideogram(?: AI)?"
    r"|Stable Assistant|DreamStudio|Stability AI|Recraft|Krea|Flux AI|Grok|Meta AI|Imagine with AI"
    r"|Tensor\.?Art|Playground(?: AI)?|NightCafe|Draw Things|Mochi Diffusion|Midjourney"
    r"|Image Creator|Freepik Pikaso|Canva AI|Runway|Sora)\b",
    re.IGNORECASE,
)
_GENERATORS: Final = re.compile(
    r"(?:Adobe Firefly|DALL[-\u00b7 ]?E|ChatGPT|Bing Image Creator|Leonardo\.?Ai|Ideogram"
    r"|Stable Assistant|DreamStudio|Tensor\.?Art|NightCafe|Draw Things|Mochi Diffusion|Midjourney"
    r"|NovelAI|InvokeAI|Fooocus|SwarmUI|Easy Diffusion)\b",
    re.IGNORECASE,
)
_NAMING: Final = (
    "c2pa:softwareAgent", "c2pa:generator", "xmp:AISystemUsed", "xmp:Credit", "iptc:Credit",
    "Credit",
    "xmp:CreatorTool", "Software", "Source", "Generator", "Make", "ImageDescription",
)  # fmt: skip
_OPENLY: Final = re.compile(r"\bmade with google ai\b|\bAI[- ]generated\b", re.IGNORECASE)
_MAX_TEXT: Final = 23  # of a short CBOR text, whose length is in its first byte


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the type and the service, as the model, of a picture that is declared generated."""
    stated = [texts[name][:500] for name in _NAMING if name in texts]
    declared = any(
        _GENERATED.search(texts.get(name, ""))
        for name in ("xmp:DigitalSourceType", "c2pa:sourceType", "DigitalSourceType")
    )
    if not declared and not any(map(_OPENLY.search, stated)) and not _is_service(texts):
        return {}
    fields: dict[str, Any] = {"type": TEXT_TO_IMAGE}
    named = (match[0] for text in stated if (match := _SERVICES.search(text)))
    agent = texts.get("c2pa:softwareAgent") or texts.get("xmp:AISystemUsed")
    if model := next(named, None) or agent:
        fields["modelId"] = model[:300]
    if prompt := texts.get("xmp:AIPromptInformation", "").strip():
        fields["prompt"] = prompt
    fields["parentJobId"] = job("provenance", fields) if prompt else None
    fields["unread"] = "\n".join(dict.fromkeys(stated))
    return {name: value for name, value in fields.items() if value}


def _is_service(texts: Mapping[str, str]) -> bool:
    """Return whether the program that wrote the file only generates pictures."""
    programs = (texts.get(name, "") for name in ("Software", "xmp:CreatorTool", "Make"))
    return any(_GENERATORS.match(program.strip()) for program in programs)


def c2pa_texts(manifest: bytes) -> dict[str, str]:
    """Return the source type and the programs that a C2PA manifest names.

    The manifest is searched for its well-known keys; its boxes and signatures are not parsed.
    """
    texts: dict[str, str] = {}
    if b"digitalsourcetype/trainedAlgorithmicMedia" in manifest:
        texts["c2pa:sourceType"] = "trainedAlgorithmicMedia"
    for key, name in (
        (b"softwareAgent", "c2pa:softwareAgent"),
        (b"claim_generator_info", "c2pa:generator"),
        (b"claim_generator", "c2pa:generator"),
    ):
        for value in _values(manifest, key):
            texts.setdefault(name, value)
    return texts


def _values(manifest: bytes, key: bytes) -> Iterator[str]:
    """Yield the CBOR texts behind a key, or behind `name` in an object behind it."""
    for match in islice(re.finditer(re.escape(key), manifest), 20):
        here = manifest[match.end() : match.end() + 200]
        is_nested = here[:1] and here[0] >> 5 in {4, 5}  # an array or a map
        if is_nested and (name := here.find(b"\x64name")) >= 0:
            here = here[name + 5 :]
        if value := _text(here):
            yield value


def _text(encoded: bytes) -> str | None:
    """Return the CBOR text that the bytes begin with."""
    if not encoded or encoded[0] >> 5 != 3:
        return None
    length, start = encoded[0] & 31, 1
    if length == _MAX_TEXT + 1 and len(encoded) > 1:
        length, start = encoded[1], 2
    elif length > _MAX_TEXT:
        return None
    body = encoded[start : start + length]
    return body.decode("utf-8", "replace").strip() if len(body) == length else None
