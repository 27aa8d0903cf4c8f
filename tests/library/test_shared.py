"""Joint models, and changing the model of a library while it is searched."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from library import create_library, reembedding, shared
from library.__main__ import main
from library.homes import key_pair
from library.index import Index
from library.models import Models
from tests.library import samples
from tests.library.test_ingest import Lines

COLOURS = ("red", "lime", "blue")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return samples.colour_pair(tmp_path / "pair")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library of plain colours whose names say nothing."""
    folder = samples.fill(
        tmp_path / "art",
        {f"{n}.png": samples.encoded(Image.new("RGB", (32, 32), c)) for n, c in enumerate(COLOURS)},
    )
    assert main(["index", str(folder), "--home", str(tmp_path / "home"), "--quiet"]) == 0
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> FlaskClient:
    return create_library(home).test_client()


def _names(client: FlaskClient, home: Path, **body: Any) -> list[str]:
    pair = key_pair(home)
    answer = client.post("/v1/search/assets", json=body, auth=(pair.key, pair.secret))
    assert answer.status_code == 200, answer.json
    return [hit["metadata"]["name"] for hit in answer.json["hits"]]


def test_a_pair_in_a_folder_puts_words_and_pictures_into_one_space(pair: Path) -> None:
    model = shared.load(str(pair), 1)
    pictures = model.images([Image.new("RGB", (50, 50), c) for c in COLOURS])
    words = model.texts(["red", "green", "blue", "a red one"])
    nearest = np.argmax(words @ pictures.T, axis=1).tolist()
    assert nearest == [0, 1, 2, 0]
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("tokenizer.json", "tokenizer.json"),
        ("vision_model.onnx", "vision"),
        ("text_model.onnx", "text"),
    ],
)
def test_a_folder_that_is_no_model_is_said(pair: Path, missing: str, said: str) -> None:
    (pair / missing).unlink()
    with pytest.raises(shared.NoSuchModel, match=said):
        shared.load(str(pair), 1)


def test_a_choice_that_does_not_exist_is_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AKIN_IMAGE_MODEL", "/no/such/folder")
    assert main(["reembed", "--home", str(home), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("error: AKIN_IMAGE_MODEL is neither 'clip' nor")


def test_a_running_library_switches_over_when_all_is_embedded(
    home: Path, pair: Path, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _names(client, home, query="blue", querySemanticRatio=1) == [], "no words, no meaning"
    assert len(_names(client, home, filter="kind = image")) == 3
    monkeypatch.setenv("AKIN_IMAGE_MODEL", str(pair))
    assert main(["reembed", "--home", str(home), "--quiet"]) == 0
    monkeypatch.delenv("AKIN_IMAGE_MODEL")
    assert _names(client, home, query="blue", querySemanticRatio=1)[0] == "2"
    assert _names(client, home, query="red", querySemanticRatio=1)[0] == "0"
    assert _names(client, home, query="green", querySemanticRatio=1)[0] == "1"
    assert list(home.glob("reembed-*")) == []


def test_a_library_stays_with_its_model_when_it_grows(
    home: Path, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKIN_IMAGE_MODEL", str(pair))
    main(["reembed", "--home", str(home), "--quiet"])
    monkeypatch.delenv("AKIN_IMAGE_MODEL")
    samples.fill(
        tmp_path / "art", {"9.png": samples.encoded(Image.new("RGB", (9, 9), (250, 20, 0)))}
    )
    main(["index", str(tmp_path / "art"), "--home", str(home), "--quiet"])
    names = _names(create_library(home).test_client(), home, query="red", querySemanticRatio=1)
    assert set(names[:2]) == {"0", "9"}


def test_a_stopped_run_goes_on_and_nothing_is_switched_before_its_end(
    home: Path, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "_BATCH", 1)
    models = Models.load(home, threads=1, choice=str(pair))
    with closing(Index.open(home)) as index:
        before = index.meta("models")
        stopped = Lines()

        def stop(_count: int) -> None:
            raise KeyboardInterrupt

        stopped.advance = stop  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            reembedding.reembed(home, index, models, stopped)
        assert index.meta("models") == before
        again = Lines()
        assert reembedding.reembed(home, index, models, again) == 3
        assert (again.total, index.meta("models")) == (2, models.signature)
