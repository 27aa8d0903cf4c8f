"""The makers whose generation parameters are read, in the order in which they are tried.

docs/files.md is generated from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from library.formats.generation import (
    automatic1111,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    invokeai,
    midjourney,
    novelai,
    other_makers,
    provenance,
    swarmui,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Maker(NamedTuple):
    """A program or service, or a family of them with the same layout."""

    names: str
    places: str  # where it writes
    understood: str
    parse: Callable[[Mapping[str, str]], dict[str, Any]]  # named texts -> fields of Document


_ALL: Final = "prompt, negative prompt, seed, steps, guidance, sampler, model"
_EXIF: Final = "EXIF UserComment of JPEG, WebP and AVIF"

MAKERS: Final = (
    Maker(
        "NovelAI 1 to 4.5",
        "PNG texts Comment, Description, Source; hidden in pixels; UserComment of WebP",
        f"{_ALL}; the prompts of all characters",
        novelai.parse,
    ),
    Maker(
        "InvokeAI 1 to 6, NMKD",
        "PNG texts invokeai_metadata, sd-metadata, Dream",
        f"{_ALL}, LoRAs; style prompts and refiner are searched",
        invokeai.parse,
    ),
    Maker(
        "SwarmUI",
        f"PNG text parameters, {_EXIF} (UTF-16), as JSON",
        f"{_ALL}, LoRAs; refiner and other models are searched",
        swarmui.parse,
    ),
    Maker(
        "Fooocus, RuinedFooocus",
        f"PNG text parameters, {_EXIF}, as JSON or in the layout of Automatic1111",
        f"{_ALL}, LoRAs; styles and expanded prompts are searched",
        fooocus.parse,
    ),
    Maker(
        "Draw Things",
        "UserComment of XMP or EXIF, as JSON",
        f"{_ALL}, LoRAs",
        draw_things.parse,
    ),
    Maker(
        "Automatic1111, Forge, reForge, SD.Next, stable-diffusion.cpp, Civitai",
        f"PNG text parameters, {_EXIF}, comment of JPEG and GIF, hidden in pixels",
        f"{_ALL} (or its hash), LoRAs; all other settings are searched",
        automatic1111.parse,
    ),
    Maker(
        "Easy Diffusion",
        f"one PNG text for each setting, {_EXIF} as JSON",
        f"{_ALL}, LoRAs",
        easy_diffusion.parse,
    ),
    Maker(
        "ComfyUI",
        "PNG texts prompt and workflow, any EXIF text of WebP and JPEG, tags and comments of MP4,"
        " MKV, WebM, FLAC, MP3, Ogg",
        f"{_ALL}, LoRAs; what other texts of the graph state is searched",
        comfyui.parse,
    ),
    Maker(
        "Midjourney",
        "PNG text Description; EXIF ImageDescription, XPTitle; XMP; comment of JPEG",
        "prompt, negative prompt (--no), seed, version as the model; other parameters are searched",
        midjourney.parse,
    ),
    Maker(
        "Tensor.Art, Mochi Diffusion, NMKD, scripts around Diffusers, others with customary names",
        f"JSON or lines in PNG texts, {_EXIF}, descriptions of EXIF, XMP and IPTC",
        f"{_ALL}, LoRAs, as far as they are named as usual",
        other_makers.parse,
    ),
    Maker(
        "programs without settings in the layout of Automatic1111",
        "PNG text parameters",
        "prompt, negative prompt",
        automatic1111.parse_bare,
    ),
    Maker(
        "OpenAI (DALL-E, GPT Image), Adobe Firefly, Google, Bing, Leonardo, Ideogram and others",
        "digital source type and credit in XMP and IPTC, C2PA manifest of PNG and JPEG, program",
        "that the picture is generated, and by which service; signatures are not verified",
        provenance.parse,
    ),
)
