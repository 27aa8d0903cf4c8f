"""The parameters of Automatic1111 and of the many programs that write its layout.

    a castle, <lora:ink:0.8>
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Lora hashes: "ink: 1a2b"

Also read: all on one line, pipes instead of commas, one setting a line, the negative prompt before
or after the others, values in quotes or as JSON, further lines (`Template: ...`) below.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from library.formats.generation import values
from library.formats.generation.settings import Names, document_fields, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACES: Final = (
    "parameters", "UserComment", "comment", "Comment", "ImageDescription", "Description",
    "xmp:UserComment", "xmp:description", "iptc:description", "XPComment", "postprocessing",
)  # fmt: skip
_MAX: Final = 200_000  # characters of a text
_NEAR: Final = 100  # characters between two settings
_MAX_JSON: Final = 32  # values that are JSON
_NAMES: Final = Names(
    prompt=("Raw prompt", "Prompt", "Template"),
    negative=("Raw negative prompt", "Negative prompt"),
    guidance=("CFG scale", "Guidance", "Guidance scale", "Distilled CFG Scale"),
    sampler=("Sampler", "Sampler name", "Scheduler"),
    model=("Model", "Unet", "Checkpoint", "Base model", "Model name", "Civitai model",
           "Model hash"),
    loras=("Lora hashes", "Lora weights", "LoRA networks", "Loras", "Civitai LoRAs"),
)  # fmt: skip
# Two of these in a row make a text one of parameters.
_KNOWN: Final = re.compile(
    r"(?<![\w\"])(?:steps|sampler|cfg[ _]scale|seed|size|model(?:[ _]hash)?|clip[ _]skip|guidance"
    r"|schedule type|scheduler|denoising strength|version|app|distilled cfg scale"
    r"|guidance[ _]scale|rng|eta|vae|pipeline)[ \t]*:",
    re.IGNORECASE,
)
_STEPS: Final = re.compile(  # the number is followed by a separator or a name
    r"(?<![\w\"])(?<!hires )(?i:steps)[ \t]*:[ \t]*\d+[ \t]*(?=[,|;\n]|\Z|[A-Z])"
)
_ONLY_STEPS: Final = re.compile(r"steps[ \t]*:[ \t]*\d+[ \t,]*$", re.IGNORECASE)
_PROMPTS: Final = re.compile(
    r"(?:(?<=[\s|,.;>)])|^)(negative prompt)[ \t]*:|^[ \t]*((?:positive )?prompt)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
# A label for each value: `other_makers` reads these texts.
_LABELLED: Final = re.compile(r"^[ \t]*prompt[ \t]*:", re.IGNORECASE | re.MULTILINE)
_MOCHI: Final = re.compile(r"\binclude in image[ \t]*:", re.IGNORECASE)
_NEGATIVE_AFTER: Final = re.compile(r"\n[ \t|]*negative prompt[ \t]*:", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,|;]*+")
_SETTING: Final = re.compile(r"([^\W\d_][\w \-/.()]{0,60})(?<![ \t])[ \t]*:[ \t]*")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"(?=[ \t]*(?:[,|\n]|$))', re.DOTALL)
_PLAIN: Final = re.compile(r"[^,\n|]*+(?:\|(?![ \t]*[^\W\d_][\w \-/]{0,40}:)[^,\n|]*+)*+")
# Settings that only spaces or semicolons separate.
_FOLLOWING: Final = re.compile(
    r"(?<![ \t;])[ \t;]++(?=(?:Steps|Sampler|CFG scale|Seed|Size|Model hash|Model|Clip skip"
    r"|Schedule type|Denoising strength|Version):)"
)
_LINE: Final = re.compile(r"[^\n]*")
_END: Final = re.compile(r"[,|\n]|$")
_TELLING: Final = frozenset({"seed", "numInferenceSteps", "scheduler", "guidance"})


def parse(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from the first text that has settings in this layout."""
    for place in _PLACES:
        fields = _fields(texts.get(place, ""))
        if fields and (place == "parameters" or _TELLING & fields.keys()):
            return fields
    return {}


def parse_bare(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document from a text in a place of this layout that has no settings."""
    for place in _PLACES:
        text = _lines(texts.get(place, ""))
        if _TELLING & _fields(text).keys():
            continue  # it has settings, and an empty prompt
        is_own = place == "parameters" and not text.lstrip().startswith(("{", "<", "["))
        if is_own or re.search(r"^negative prompt[ \t]*:", text, re.IGNORECASE | re.MULTILINE):
            prompts = {"Prompt": "", **_prompts(text, " \t\n|")}
            if fields := document_fields("", prompts, _NAMES):
                return fields
    return {}


def _lines(text: str) -> str:
    return text[:_MAX].replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _fields(text: str) -> dict[str, Any]:
    text = _lines(text)
    if _MOCHI.search(text) or (found := _start(text)) is None:
        return {}
    start, inline = found
    settings, tail = text[start:], ""
    if after := _NEGATIVE_AFTER.search(settings):
        settings, tail = settings[: after.start()], settings[after.start() :]
    padding = " \t\n|," if inline else " \t\n|"
    prompts = _prompts(text[:start], padding)
    stated = dict(_settings(settings))
    if checkpoints := _resources(stated.get("Civitai resources"), {"checkpoint"}):
        stated["Civitai model"] = checkpoints[0]
    for name, value in _prompts(tail, padding).items():
        prompts.setdefault(name, value)
    names = {plain(name): value for name, value in stated.items()}
    return document_fields(
        _maker(names),
        {**stated, **prompts},
        _NAMES,
        loras=_loras(stated),
        from_image=_from_image(names),
    )


class _Line(NamedTuple):
    start: int
    known: int  # names of settings in it
    begins: bool  # with one of them
    continues: bool  # on the next line
    text: str


def _start(text: str) -> tuple[int, bool] | None:
    """Return where the settings begin, and whether that is within a line; None without any.

    The last line that begins with settings counts, and those above that it continues, because a
    prompt may quote the parameters of another picture.
    """
    lines = list(_each_line(text))
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if line.begins and line.known >= 2:
            while index and lines[index - 1].begins and _is_above(lines[index - 1]):
                index -= 1  # noqa: PLW2901 - the loop ends here
            return lines[index].start, False
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].begins:
            if _LABELLED.search(text):
                return None
            first = index
            while first and lines[first - 1].begins:
                first -= 1
            if first < index or _ONLY_STEPS.match(lines[index].text):
                return lines[first].start, False
    start = _start_within_a_line(text)
    return None if start is None else (start, True)


def _start_within_a_line(text: str) -> int | None:
    known = [match.start() for match in _KNOWN.finditer(text)]
    for steps in _STEPS.finditer(text):
        following = bisect_right(known, steps.start())
        if following < len(known) and known[following] - steps.start() < _NEAR:
            return steps.start()
    for here, next_one in pairwise(known):
        if next_one - here < _NEAR and re.search(r"[,|;]", text[here:next_one]):
            return here
    return None


def _is_above(line: _Line) -> bool:
    return line.continues or line.known >= 2


def _each_line(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        stripped = line.lstrip(" \t|,")
        known = sum(1 for _ in _KNOWN.finditer(line)) if ":" in line else 0
        begins = known > 0 and _KNOWN.match(stripped) is not None
        offset = start + len(line) - len(stripped)
        yield _Line(offset, known, begins, line.rstrip().endswith((",", "|")), stripped)
        start += len(line) + 1


def _prompts(text: str, padding: str) -> dict[str, str]:
    """Return the prompts in the part of a text that is not settings."""
    marks = list(_PROMPTS.finditer(text))
    parts = [("Prompt", text[: marks[0].start()] if marks else text)]
    for mark, part in values.between(marks, text):
        parts.append(("Negative prompt" if mark[1] else "Prompt", part))
    prompts: dict[str, str] = {}
    for name, part in parts:
        if part := part.strip(padding):
            prompts[name] = f"{prompts[name]}\n{part}" if name in prompts else part
    return prompts


def _settings(text: str) -> Iterator[tuple[str, Any]]:
    """Yield names and values; a name that is repeated is numbered."""
    position, seen, documents = 0, dict[str, int](), 0
    while position < len(text):
        between = _BETWEEN.match(text, position)
        position = between.end() if between else position
        match = _SETTING.match(text, position)
        if match is None:
            end = _END.search(text, position)
            position = max(position + 1, end.end() if end else len(text))
            continue
        name, position = match[1], match.end()
        value: Any = None
        if text[position : position + 1] in {"[", "{"} and documents < _MAX_JSON:
            documents += 1
            with suppress(ValueError, RecursionError):
                value, position = json.JSONDecoder(strict=False).raw_decode(text, position)
        if value is None:
            value, position = _value(text, position, name)
        count = seen[name] = seen.get(name, 0) + 1
        yield (name if count == 1 else f"{name} {count}"), value


def _value(text: str, position: int, name: str) -> tuple[str, int]:
    if quoted := _QUOTED.match(text, position):
        with suppress(ValueError):
            return str(json.loads(quoted[0], strict=False)), quoted.end()
        return quoted[0].strip('"'), quoted.end()
    if name.lower() == "negative prompt":  # up to the next setting that is known
        known = _KNOWN.search(text, position)
        end = known.start() if known else len(text)
        return text[position:end].strip(" \t\n|,"), end
    pattern = _LINE if name.lower().endswith("template") else _PLAIN
    plainly = pattern.match(text, position)
    end = plainly.end() if plainly else len(text)
    if pattern is _PLAIN and (following := _FOLLOWING.search(text, position, end)):
        end = following.start()
    return text[position:end].strip().rstrip(";"), end


def _maker(names: Mapping[str, Any]) -> str:
    version, app = str(names.get("version", "")), str(names.get("app", ""))
    if "civitairesources" in names:
        return "Civitai"
    if "rawprompt" in names or version.startswith("Fooocus"):
        return "Fooocus"
    if re.match(r"f\d|neo|forge", version):
        return "Forge"
    return app or ("stable-diffusion.cpp" if "cpp" in version else "Automatic1111")


def _loras(stated: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in stated.items():
        known = plain(name)
        if known == "civitairesources":
            found += _resources(value, {"lora", "lycoris", "locon", "dora"})
        elif known == "hashes" and isinstance(value, dict):
            found += [each[5:] for each in value if each.lower().startswith("lora:")]
        elif re.fullmatch(r"addnetmodel\d|lora\d*(?:model)?(?:name)?", known):
            found += values.loras(value)
    return found


def _resources(resources: object, kinds: set[str]) -> list[str]:
    if not isinstance(resources, list):
        return []
    named = [
        each.get("modelName") or f"civitai {each.get('modelVersionId')}"
        for each in resources[:100]
        if isinstance(each, dict) and str(each.get("type", "")).lower() in kinds
    ]
    return [name for each in named if (name := values.model(each))]


def _from_image(names: Mapping[str, Any]) -> bool:
    operations = f"{names.get('operations', '')} {names.get('mode', '')}".lower()
    if "img2img" in operations or "inpaint" in operations:
        return True
    upscaled = any(name.startswith("hires") for name in names) or "hires" in operations
    return "denoisingstrength" in names and not upscaled
