"""Generation parameters that makers of images leave in their files.

Knows where they are kept (PNG texts, EXIF, the lowest bits of pixels) and, through the parsers of
`sd-parsers`, how Automatic1111, ComfyUI, InvokeAI, Fooocus and NovelAI spell them. Only the
package's parsers are used: its extraction keeps the last picture's values by the address of an
object, which another picture may get.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from library import stealth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PIL import Image

_MAX_TEXT: Final = 1_000_000  # characters of parameters looked at
_EXIF_IFD: Final = 0x8769
_USER_COMMENT: Final = 0x9286
_MAKE, _MODEL, _DESCRIPTION = 0x010F, 0x0110, 0x010E
_LOSSLESS: Final = frozenset({"PNG", "WEBP"})  # what keeps the lowest bits of pixels
_TELLING: Final = frozenset({"parameters", "prompt", "Comment", "invokeai_metadata"})
_ENCODINGS: Final = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"\0" * 8: "utf-8"}


def read(image: Image.Image) -> dict[str, Any]:
    """Fields of Document that a decoded picture's parameters tell; empty when it has none."""
    return parse(_texts(image))


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Fields of Document from named texts, as PNG files carry them; never raises."""
    if not texts:
        return {}
    from sd_parsers.parsers import MANAGED_PARSERS

    parsers: list[Any] = [*MANAGED_PARSERS]
    for parser in parsers:
        # Its input is whatever someone wrote into a file: anything may be wrong with it.
        with suppress(Exception):
            found = parser().parse(dict(texts))
            if (fields := _fields(found)).get("prompt"):
                return fields
    return _bare(texts.get("parameters", ""))


def _texts(image: Image.Image) -> dict[str, str]:
    found = {
        key: value[:_MAX_TEXT]
        for key, value in image.info.items()
        if isinstance(key, str) and isinstance(value, str)
    }
    with suppress(Exception):  # a broken EXIF block says nothing
        exif = image.getexif()
        comment = exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT)
        if text := _comment(comment):
            found.setdefault("parameters", text)
        # ComfyUI writes WebP's texts into tags meant for cameras: "prompt:{...}".
        for tag in (_MAKE, _MODEL, _DESCRIPTION):
            name, colon, value = str(exif.get(tag, "")).partition(":")
            if colon and name.lower() in {"prompt", "workflow"}:
                found.setdefault(name.lower(), value[:_MAX_TEXT])
    if not found.keys() & _TELLING and image.format in _LOSSLESS:
        with suppress(ValueError, zlib.error, AttributeError, RecursionError):
            found |= stealth.read(image, _MAX_TEXT)
    if "prompt" in found and "workflow" not in found:
        with suppress(Exception):
            found["workflow"] = _workflow(json.loads(found["prompt"]))
    return found


def _comment(comment: object) -> str:
    """EXIF's UserComment: eight bytes name its encoding."""
    if isinstance(comment, str):
        return comment[:_MAX_TEXT]
    if not isinstance(comment, bytes):
        return ""
    encoding = _ENCODINGS.get(comment[:8])
    body = comment[8:] if encoding else comment
    if encoding == "utf-16" and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if body[1:2] == b"\0" else "utf-16-be"
    return body.decode(encoding or "utf-8", "replace").strip("\0 ")[:_MAX_TEXT]


def _workflow(prompt: Mapping[str, Any]) -> str:
    """The links of a ComfyUI graph that was saved without its drawing."""
    links = [
        [0, value[0], 0, node_id, 0, "CLIP" if name == "clip" else "*"]
        for node_id, node in prompt.items()
        for name, value in node["inputs"].items()
        if isinstance(value, list) and len(value) == 2
    ]
    return json.dumps({"links": links})


def _fields(found: Any) -> dict[str, Any]:
    sampler = next(iter(found.samplers), None)
    parameters = {} if sampler is None else sampler.parameters
    model = next(iter(found.models), None)
    fields: dict[str, Any] = {
        "prompt": _clean(found.full_prompt),
        "negativePrompt": _clean(found.full_negative_prompt),
        "seed": _clean(parameters.get("seed")),
        "numInferenceSteps": _number(parameters.get("steps", found.metadata.get("steps")), int),
        "guidance": _number(parameters.get("cfg_scale"), float),
        "scheduler": _clean(None if sampler is None else sampler.name),
        "modelId": _clean(model),
    }
    fields = {name: value for name, value in fields.items() if value not in {None, ""}}
    fields["type"] = _type(found.metadata)
    fields["parentJobId"] = _job(found.generator, fields)
    return fields


def _type(metadata: Mapping[Any, Any]) -> str:
    names = {str(name).lower() for name in metadata}
    upscaled = any(name.startswith("hires") for name in names)
    from_image = "denoising strength" in names and not upscaled
    return "inference-img2img" if from_image else "inference-txt2img"


def _bare(text: str) -> dict[str, Any]:
    """What `parameters` says when no parser knows its maker."""
    prompt, _, rest = text.partition("Negative prompt:")
    prompt = re.split(r"\n[A-Z][a-z]+: ", prompt)[0].strip()
    if not prompt or prompt.startswith(("{", "<")):
        return {}
    fields: dict[str, Any] = {"prompt": prompt, "type": "inference-txt2img"}
    if negative := re.split(r"\n[A-Z][a-z]+: ", rest)[0].strip():
        fields["negativePrompt"] = negative
    fields["parentJobId"] = _job("unknown", fields)
    return fields


def _job(maker: object, fields: Mapping[str, Any]) -> str:
    """One id for all images made with the same settings but for the seed: one run."""
    settings = [str(maker), *(f"{k}={fields[k]}" for k in sorted(fields) if k != "seed")]
    return "job_" + hashlib.sha256("\0".join(settings).encode("utf-8", "replace")).hexdigest()[:24]


def _clean(value: object) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).replace("\x00", "").strip()[:_MAX_TEXT] or None


def _number(value: object, kind: type[int] | type[float]) -> int | float | None:
    try:
        number = kind(float(str(value)))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e9 else None


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fields of several tellers; the later one is believed, tags are joined."""
    joined: dict[str, Any] = {}
    for part in parts:
        tags = (*joined.get("tags", ()), *part.get("tags", ()))
        metadata = {**joined.get("metadata", {}), **part.get("metadata", {})}
        joined |= part
        if tags:
            joined["tags"] = tuple(dict.fromkeys(tags))
        if metadata:
            joined["metadata"] = metadata
    return joined
