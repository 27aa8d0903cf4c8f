"""Joint models, and changing the model of a library while it is searched."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from library import create_library
from library.__main__ import main
from library.embedding import clip
from library.embedding.models import Models
from library.home import key_pair
from library.ingest import reembed
from library.store.index import Index
from tests.support import sample_files, videos
from tests.support.indexing import RecordedProgress

COLOURS = ("red", "lime", "blue")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return sample_files.colour_pair(tmp_path / "pair")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library of plain colours with meaningless names."""
    folder = sample_files.fill(
        tmp_path / "art",
        {
            f"{n}.png": sample_files.encoded(Image.new("RGB", (32, 32), c))
            for n, c in enumerate(COLOURS)
        },
    )
    assert main(["index", str(folder), "--home", str(tmp_path / "home"), "--quiet"]) == 0
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> FlaskClient:
    return create_library(home).test_client()


def _names(client: FlaskClient, home: Path, **body: Any) -> list[str]:
    pair = key_pair(home)
    response = client.post("/v1/search/assets", json=body, auth=(pair.key, pair.secret))
    assert response.status_code == 200, response.json
    return [hit["metadata"]["name"] for hit in response.json["hits"]]


def test_texts_and_pictures_share_one_space(pair: Path) -> None:
    model = clip.load(str(pair), 1)
    pictures = model.images([Image.new("RGB", (50, 50), c) for c in COLOURS])
    words = model.texts(["red", "green", "blue", "a red one"])
    nearest = np.argmax(words @ pictures.T, axis=1).tolist()
    assert nearest == [0, 1, 2, 0]
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("tokenizer.json", "tokenizer.json"),
        ("vision_model.onnx", "vision"),
        ("text_model.onnx", "text"),
    ],
)
def test_incomplete_folder(pair: Path, missing: str, message: str) -> None:
    (pair / missing).unlink()
    with pytest.raises(clip.NoSuchModel, match=message):
        clip.load(str(pair), 1)


def test_choice_that_does_not_exist(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AKIN_IMAGE_MODEL", "/no/such/folder")
    assert main(["reembed", "--home", str(home), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("error: AKIN_IMAGE_MODEL is neither 'clip' nor")


def test_running_library_uses_the_new_model_after_reembedding(
    home: Path, pair: Path, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _names(client, home, query="blue", querySemanticRatio=1) == [], "no texts"
    assert len(_names(client, home, filter="kind = image")) == 3
    monkeypatch.setenv("AKIN_IMAGE_MODEL", str(pair))
    assert main(["reembed", "--home", str(home), "--quiet"]) == 0
    monkeypatch.delenv("AKIN_IMAGE_MODEL")
    assert _names(client, home, query="blue", querySemanticRatio=1)[0] == "2"
    assert _names(client, home, query="red", querySemanticRatio=1)[0] == "0"
    assert _names(client, home, query="green", querySemanticRatio=1)[0] == "1"
    assert list(home.glob("reembed-*")) == []


def test_new_assets_use_the_model_of_the_library(
    home: Path, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKIN_IMAGE_MODEL", str(pair))
    main(["reembed", "--home", str(home), "--quiet"])
    monkeypatch.delenv("AKIN_IMAGE_MODEL")
    sample_files.fill(
        tmp_path / "art", {"9.png": sample_files.encoded(Image.new("RGB", (9, 9), (250, 20, 0)))}
    )
    main(["index", str(tmp_path / "art"), "--home", str(home), "--quiet"])
    names = _names(create_library(home).test_client(), home, query="red", querySemanticRatio=1)
    assert set(names[:2]) == {"0", "9"}


def test_a_picture_with_margins_is_embedded_again_as_a_whole(home: Path, tmp_path: Path) -> None:
    """Though its thumbnail shows the visible part alone."""
    sprite = Image.new("RGBA", (200, 200))
    sprite.paste("red", (20, 30, 60, 160))
    sprite.paste("blue", (30, 40, 50, 90))
    sample_files.fill(tmp_path / "art", {"sprite.png": sample_files.encoded(sprite)})
    main(["index", str(tmp_path / "art"), "--home", str(home), "--quiet"])
    vectors = []
    for again in (False, True):
        if again:
            assert main(["reembed", "--home", str(home), "--quiet"]) == 0
        with closing(Index.open(home)) as index:
            ids = {path: asset_id for (_, path), (_, asset_id) in index.sources().items()}
            vector = index.subject(ids["sprite.png"])
        assert vector is not None
        vectors.append(vector / np.linalg.norm(vector))
    assert vectors[0] @ vectors[1] > 0.95, "it is .91 without the margins"


def test_videos_are_embedded_again_from_several_frames(
    home: Path, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without their folder; the frames go when the video does."""
    shades = [(250, 5, 0), (240, 10, 0), (0, 10, 250), (0, 5, 240)]
    still = [Image.new("RGB", (96, 64), colour) for colour in shades]
    for image in still:
        image.paste("white", (0, 0, 30, 30))
    film = videos.video([image for image in still for _ in range(5)])
    sample_files.fill(tmp_path / "art", {"film.mp4": film})
    main(["index", str(tmp_path / "art"), "--home", str(home), "--quiet"])
    assert len(list(home.glob("thumbnails/*/*.frames.webp"))) == 1
    monkeypatch.setenv("AKIN_IMAGE_MODEL", str(pair))
    assert main(["reembed", "--home", str(home), "--quiet"]) == 0
    with closing(Index.open(home)) as index:
        ids = {path: asset_id for (_, path), (_, asset_id) in index.sources().items()}
        vector = index.subject(ids["film.mp4"])
    assert vector is not None
    assert vector[0] > 0 < vector[2], "as red as blue"
    (tmp_path / "art" / "film.mp4").unlink()
    main(["index", str(tmp_path / "art"), "--home", str(home), "--quiet", "--prune"])
    assert list(home.glob("thumbnails/*/*.frames.webp")) == []


def test_interrupted_reembedding_resumes_and_switches_at_its_end(home: Path, pair: Path) -> None:
    models = Models.load(home, threads=1, choice=str(pair))
    with closing(Index.open(home)) as index:
        before = index.meta("models")
        stopped = RecordedProgress()

        def stop(_count: int) -> None:
            raise KeyboardInterrupt

        stopped.advance = stop  # type: ignore[assignment, method-assign]
        with pytest.raises(KeyboardInterrupt):
            reembed.reembed(home, index, models, stopped, batch=1)
        assert index.meta("models") == before
        again = RecordedProgress()
        assert reembed.reembed(home, index, models, again, batch=1) == 3
        assert (again.total, index.meta("models")) == (2, models.signature)
