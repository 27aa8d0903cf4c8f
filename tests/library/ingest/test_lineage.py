"""The pictures that files state to be made from, found in the folder and kept through changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support import generated_files, sample_files
from tests.support.comfyui_graphs import node, sampled, stored
from tests.support.indexing import IndexedFolder

if TYPE_CHECKING:
    from pathlib import Path

    from library.embedding.models import Models

GRAPH = {
    **sampled(latent_image=("21", 0)),
    "20": node("LoadImage", image="sketch.png"),
    "21": node("VAEEncode", pixels=("20", 0), vae=("1", 2)),
}


def test_a_picture_of_comfyui_keeps_its_parent(tmp_path: Path, models: Models) -> None:
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "output/fish.png": generated_files.png_with(stored(GRAPH)),
            "input/sketch.png": sample_files.png("navy"),
            "output/fish big.jpg": sample_files.encoded(sample_files.picture("teal"), "JPEG"),
            "output/fish big.json": json.dumps({"parents": ["output\\fish.png"]}).encode(),
        },
    )
    library = IndexedFolder(folder, tmp_path / "home", models)
    library.index()
    sketch = library.ids()["input/sketch.png"]
    _expect_parents(library, sketch)
    for before, after in (("input/sketch.png", "input/idea.png"), ("input/idea.png", "old.png")):
        (folder / before).rename(folder / after)
        library.index()
        assert library.ids()[after] == sketch
        _expect_parents(library, sketch)


def _expect_parents(library: IndexedFolder, sketch: str) -> None:
    found = library.documents()
    fish, big = found["output/fish.png"], found["output/fish big.jpg"]
    assert fish.type == "inference-img2img"
    assert (fish.parentId, fish.rootParentId) == (sketch, sketch)
    assert (big.parentId, big.rootParentId) == (fish.id, sketch)
