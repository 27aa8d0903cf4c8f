"""Embedding models: shapes and properties of vectors, weights without PyTorch."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from library.embedding import colour_layout, torch_state_dict
from library.embedding.models import LOOK_SIZE, SUBJECT_SIZE, BadImage, Models
from library.ingest import demo
from tests.support import sample_files


def _demo_picture(path: str) -> Image.Image:
    return Models.decode((demo.folder() / "images" / path).read_bytes())


def _cosines(vectors: np.ndarray) -> np.ndarray:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_shapes_and_lengths_of_vectors(models: Models) -> None:
    subject, looks = models.embed_images(
        [sample_files.picture(), sample_files.picture("navy", (20, 300))]
    )
    texts = models.embed_texts(["a castle", ""])
    assert (subject.shape, subject.dtype) == ((2, SUBJECT_SIZE), np.float32)
    assert (looks.shape, texts.shape) == ((2, LOOK_SIZE), (2, 384))
    np.testing.assert_allclose(np.linalg.norm(looks, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    assert [part.shape for part in models.embed_images([])] == [(0, SUBJECT_SIZE), (0, LOOK_SIZE)]


def test_vectors_of_several_pictures_are_their_mean(models: Models) -> None:
    one, other = sample_files.picture(), sample_files.picture("navy", (90, 90), shape="cross")
    subject, looks, classes = models.analyse_images([one, other])
    (nothing, single, both) = models.analyse_assets([[], [one], [one, other]])
    assert nothing == (None, None, None)
    assert single[0] is not None
    assert both[0] is not None
    np.testing.assert_array_equal(single[0], subject[0])
    for found, parts in zip(both, (subject, looks), strict=False):
        assert found is not None
        mean = parts.mean(axis=0)
        np.testing.assert_allclose(found, mean * np.linalg.norm(parts[0]) / np.linalg.norm(mean),
                                   rtol=1e-4)  # fmt: skip
        near = _cosines(np.stack([found, *parts]))[0]
        assert near[1:].min() > _cosines(parts)[0, 1]
    np.testing.assert_array_equal(both[2], classes.max(axis=0))


def test_classes_of_a_picture(models: Models) -> None:
    """The demo pack's car has a class of ImageNet that is a vehicle."""
    car = _demo_picture("miami_synth_parallax/car/car-idle.png").resize((448, 224))
    _, _, classes = models.analyse_images([car, sample_files.picture()])
    np.testing.assert_allclose(classes.sum(axis=1), 1, atol=1e-4)
    best = set(np.argsort(classes[0])[-5:].tolist())
    assert best & {436, 479, 511, 581, 627, 656, 661, 705, 717, 751, 817}


def test_names_of_probable_classes(models: Models) -> None:
    classes = np.zeros(1000, np.float32)
    classes[[0, 285, 7]] = (0.3, 0.6, 0.1)
    assert models.class_names(classes) == ("Egyptian Mau", "tench")
    assert models.class_names(np.full(1000, 0.001, np.float32)) == ()


def test_similar_pictures_have_similar_subjects(models: Models) -> None:
    pictures = [
        _demo_picture("animated_characters/female_person/femalePerson_walk1.png"),
        _demo_picture("animated_characters/female_person/femalePerson_walk5.png"),
        _demo_picture("cards/cardHeartsK.png"),
        _demo_picture("cards/cardSpadesQ.png"),
    ]
    subject, _ = models.embed_images(pictures)
    near = _cosines(subject - subject.mean(axis=0))
    assert near[0, 1] > max(near[0, 2], near[0, 3])
    assert near[2, 3] > max(near[0, 2], near[1, 3])


def test_vectors_do_not_depend_on_the_batch(models: Models) -> None:
    pictures = [sample_files.picture(colour) for colour in ("red", "green", "blue")]
    alone = models.embed_images(pictures[1:2])
    together = models.embed_images(pictures)
    for one, many in zip(alone, together, strict=True):
        np.testing.assert_allclose(one[0], many[1], atol=1e-4)


def test_similar_texts_have_similar_vectors(models: Models) -> None:
    texts = ["a small sailing boat on the sea", "yacht on water", "portrait of an old wizard"]
    near = _cosines(models.embed_texts(texts))
    assert near[0, 1] > near[0, 2]
    query = models.embed_texts(["ship"], query=True)[0]
    descriptions = models.embed_texts(texts)
    assert int(np.argmax(descriptions @ query)) in {0, 1}


def test_texts_of_different_lengths_keep_their_order(models: Models) -> None:
    texts = ["word " * count for count in (50, 1, 200, 3)]
    np.testing.assert_allclose(
        models.embed_texts(texts),
        np.concatenate([models.embed_texts([text]) for text in texts]),
        atol=0.05,  # the int8 network's scale is that of a whole batch
    )


def test_unusual_texts_have_vectors(models: Models) -> None:
    vectors = models.embed_texts(["\ud800 broken", "🙂" * 5000, "\x00", "x" * 1_000_000])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_networks_load_once_for_all_threads(tmp_path: Path) -> None:
    fresh = Models.load(tmp_path, threads=1)
    subjects: list[np.ndarray] = []
    threads = [
        threading.Thread(
            target=lambda: subjects.append(fresh.embed_images([sample_files.picture()])[0])
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(subjects) == 4
    assert all(np.array_equal(subjects[0], other) for other in subjects)
    assert len(list((tmp_path / "models").iterdir())) == 1


def test_layout_distinguishes_pictures() -> None:
    red, other = sample_files.picture("red"), sample_files.picture("red", shape="cross")
    vectors = np.stack([colour_layout.describe(p) for p in (red, red.resize((48, 32)), other)])
    near = _cosines(vectors)
    assert near[0, 1] > 0.97
    assert near[0, 1] > near[0, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not a picture at all", "is not a picture of a known format"),
        (sample_files.png()[:60], "is broken"),
        (sample_files.bomb(), "unpacks to more than 100 million pixels"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
    ],
)
def test_invalid_pictures_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadImage, match=message):
        Models.decode(content)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "GIF"), ("I;16", "PNG"), ("CMYK", "JPEG"),
     ("F", "TIFF"), ("RGB", "WEBP"), ("RGBA", "AVIF"), ("I", "TIFF")],
)  # fmt: skip
def test_all_modes_are_converted(mode: str, kind: str) -> None:
    image = Image.new(mode, (9, 7), 1 if mode != "CMYK" else (0, 255, 255, 0))
    file = io.BytesIO()
    image.save(file, kind)
    decoded = Models.decode(file.getvalue())
    assert decoded.mode in {"RGB", "RGBA"}
    assert decoded.size == (9, 7)


def test_sixteen_bits_are_scaled() -> None:
    image = Image.new("I;16", (4, 4), 0x8000)
    assert Models.decode(sample_files.encoded(image)).getpixel((0, 0)) == (128, 128, 128)


def test_palette_with_transparency() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    decoded = Models.decode(sample_files.encoded(image, transparency=0))
    assert decoded.getpixel((0, 0)) == (255, 0, 0, 0)


def test_exif_rotation_is_applied() -> None:
    assert Models.decode(sample_files.rotated_jpeg()).size == (40, 60)


def test_mirrored_picture_has_the_same_look(models: Models) -> None:
    picture = _demo_picture("animated_characters/robot/robot_walk2.png")
    other = _demo_picture("animated_characters/zombie/zombie_walk2.png")
    _, looks = models.embed_images([picture, ImageOps.mirror(picture), other])
    near = _cosines(looks)
    assert near[0, 1] > 0.95
    assert near[0, 1] > near[0, 2]
    np.testing.assert_allclose(
        colour_layout.describe(picture), colour_layout.describe(ImageOps.mirror(picture)), atol=0.05
    )


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_that_execute_code_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrapped: bool
) -> None:
    evil = pickle.dumps(OrderedDict(a=_Evil()) if wrapped else _Evil(), protocol=2)
    head = b"".join(pickle.dumps(part, protocol=2) for part in (torch_state_dict._MAGIC, 1001, {}))
    path = tmp_path / "weights.pth"
    path.write_bytes(head + evil)
    with pytest.raises(torch_state_dict.BadWeights, match=r"contains \w+\.print"):
        torch_state_dict.read_state_dict(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"\x80\x02.", struct.pack("<q", 1), b"PK\x03\x04"])
def test_files_without_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(torch_state_dict.BadWeights):
        torch_state_dict.read_state_dict(path)


def test_telemetry_is_disabled_before_onnxruntime_is_imported(tmp_path: Path) -> None:
    """Importing the library sets the variable; onnxruntime then writes nothing into the home."""
    code = "import library, sys; print('onnxruntime' in sys.modules); import onnxruntime"
    environ = {n: v for n, v in os.environ.items() if n != "ORT_DISABLE_TELEMETRY"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environ | {"HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout == "False\n"
    assert list(tmp_path.rglob("*")) == []
