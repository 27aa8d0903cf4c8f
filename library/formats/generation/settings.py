"""Fields of Document from the settings of a picture, by the names that its maker uses.

A setting that cannot be understood costs only itself: it is searched as a text, like all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from library.formats.generation import inputs, values
from library.formats.generation.fields import job, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_UNREAD: Final = 8_000  # characters of all settings that no field has
_MAX_SETTINGS: Final = 2_000
_MAX_VALUE: Final = 2_000  # characters of one of them
_DEPTH: Final = 8
TEXT_TO_IMAGE: Final = "inference-txt2img"
IMAGE_TO_IMAGE: Final = "inference-img2img"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of a maker's settings for each field, the first that has a value counts.

    Names are compared by their letters and digits: `CFG scale` is `cfg_scale`.
    """

    prompt: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    seed: tuple[str, ...] = ("seed",)
    steps: tuple[str, ...] = ("steps",)
    guidance: tuple[str, ...] = ()
    sampler: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()


def plain(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return "".join(filter(str.isalnum, name.casefold()))


def document_fields(
    maker: str,
    settings: Mapping[str, Any],
    names: Names,
    *,
    loras: Iterable[str] = (),
    from_image: bool = False,
) -> dict[str, Any]:
    """Return fields of Document, {} if no setting is understood.

    `maker`, "" where it is not known, is searched, and `loras` are added to those in the settings
    and in the prompt.
    """
    left: dict[str, Any] = {}
    for name, value in list(settings.items())[:_MAX_SETTINGS]:
        left.setdefault(plain(str(name)), value)
    fields: dict[str, Any] = {}
    for field, candidates, read in (
        ("prompt", names.prompt, values.text),
        ("negativePrompt", names.negative, values.text),
        ("seed", names.seed, values.seed),
        ("numInferenceSteps", names.steps, _whole),
        ("guidance", names.guidance, _amount),
        ("scheduler", names.sampler, values.text),
        ("modelId", names.model, values.model),
    ):
        if (value := _first(left, candidates, read)) is not None:
            fields[field] = value
    if not fields:
        return {}
    adapters = [*loras, *values.loras_in(fields.get("prompt", ""))]
    for name in names.loras:
        adapters += values.loras(left.get(plain(name)))
    if adapters := list(dict.fromkeys(adapters))[:200]:
        fields["loras"] = tuple(adapters)
    fields["type"] = IMAGE_TO_IMAGE if from_image else TEXT_TO_IMAGE
    fields["parentJobId"] = job(maker, fields)
    fields |= inputs.of_settings(left)
    fields["unread"] = unread([maker, left])
    return fields


def _first(left: dict[str, Any], names: Iterable[str], read: Callable[[Any], Any]) -> Any:
    """Return the first value that can be read, and remove it from `left`."""
    for name in map(plain, names):
        if name in left and (value := read(left[name])) is not None:
            del left[name]
            return value
    return None


def _whole(value: object) -> int | float | None:
    return number(_single(value), int)


def _amount(value: object) -> int | float | None:
    return number(_single(value), float)


def _single(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def unread(value: object) -> str:
    """Return the texts in a value, one a line; numbers and repeated texts are left out."""
    lines: dict[str, None] = {}
    size = 0
    for line in _texts(value, _DEPTH):
        if line not in lines:
            lines[line] = None
            size += len(line) + 1
        if size > MAX_UNREAD:
            break
    return "\n".join(lines)[:MAX_UNREAD]


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        cleaned = value.replace("\x00", "").strip()[:_MAX_VALUE]
        if sum(map(str.isalpha, cleaned)) > 1 and cleaned.lower() not in values.NOTHING:
            yield cleaned
    elif depth and isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, depth - 1)
    elif depth and isinstance(value, dict):
        yield from _texts(list(value.values()), depth)
