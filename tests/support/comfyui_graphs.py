"""Graphs of ComfyUI as its savers store them, built from short descriptions."""

from __future__ import annotations

import json
from typing import Any

from library.formats.generation import parameters

Graph = dict[str, dict[str, Any]]


def node(kind: str, /, **inputs: Any) -> dict[str, Any]:
    """Return a node of the API's form; a tuple is a link to a node and its output."""
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in inputs.items()}
    return {"class_type": kind, "inputs": values}


def titled(title: str, made: dict[str, Any]) -> dict[str, Any]:
    """Return a node with a title."""
    return {**made, "_meta": {"title": title}}


def sampled(**changes: Any) -> Graph:
    """Return text to image with a checkpoint; `changes` are inputs of the sampler."""
    inputs = {
        "seed": 77, "steps": 21, "cfg": 5.5, "sampler_name": "dpmpp_2m", "scheduler": "karras",
        "denoise": 1.0, "model": ("1", 0), "positive": ("2", 0), "negative": ("3", 0),
        "latent_image": ("4", 0), **changes,
    }  # fmt: skip
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="sdxl/atlas.safetensors"),
        "2": node("CLIPTextEncode", text="a lantern fish", clip=("1", 1)),
        "3": node("CLIPTextEncode", text="murky", clip=("1", 1)),
        "4": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "5": node("KSampler", **inputs),
        "6": node("VAEDecode", samples=("5", 0), vae=("1", 2)),
        "7": node("SaveImage", filename_prefix="out", images=("6", 0)),
    }


def advanced(**changes: Any) -> Graph:
    """Return text to image with a guider, as for Flux; `changes` are further nodes."""
    return {
        "1": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "2": node("DualCLIPLoader", clip_name1="t5xxl.safetensors", clip_name2="l.safetensors"),
        "3": node("CLIPTextEncode", text="a copper owl", clip=("2", 0)),
        "4": node("FluxGuidance", guidance=3.5, conditioning=("3", 0)),
        "5": node("BasicGuider", model=("1", 0), conditioning=("4", 0)),
        "6": node("RandomNoise", noise_seed=99),
        "7": node("KSamplerSelect", sampler_name="euler"),
        "8": node("BasicScheduler", scheduler="simple", steps=24, denoise=1.0, model=("1", 0)),
        "9": node("EmptySD3LatentImage", width=1024, height=1024, batch_size=1),
        "10": node(
            "SamplerCustomAdvanced", noise=("6", 0), guider=("5", 0), sampler=("7", 0),
            sigmas=("8", 0), latent_image=("9", 0),
        ),
        "11": node("VAEDecode", samples=("10", 0), vae=("12", 0)),
        "12": node("VAELoader", vae_name="ae.safetensors"),
        "13": node("SaveImage", filename_prefix="out", images=("11", 0)),
        **changes,
    }  # fmt: skip


def stored(graph: Graph) -> dict[str, str]:
    """Return the texts of a file with this graph."""
    return {"prompt": json.dumps(graph)}


def encoded(text: Any, **further: Any) -> Graph:
    """Return a graph whose encoder reads `text`."""
    return {
        **sampled(),
        "2": node("CLIPTextEncode", text=text, clip=("1", 1)),
        **{key.removeprefix("n"): value for key, value in further.items()},
    }


def read(graph: Graph) -> dict[str, Any]:
    """Return the fields of a file with this graph."""
    return parameters.parse(stored(graph))


def expect(graph: Graph, **expected: Any) -> None:
    """Assert that these fields are read; None stands for a missing one."""
    fields = read(graph)
    assert {name: fields.get(name) for name in expected} == expected
