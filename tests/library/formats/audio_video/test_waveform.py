"""Waveforms: peaks of a sound, and their picture."""

from __future__ import annotations

import numpy as np

from library.formats.audio_video import waveform


def test_peaks_are_the_largest_absolute_values_of_64_samples() -> None:
    samples = np.zeros(130, np.float32)
    samples[[3, 70, 129]] = (-0.5, 0.25, -1)
    assert waveform.peaks(samples).tolist() == [0.5, 0.25, 1]
    assert waveform.peaks(samples[:128]).tolist() == [0.5, 0.25]
    assert waveform.peaks(samples[:0]).tolist() == []


def test_the_loudest_part_is_the_highest_bar() -> None:
    image = waveform.draw(np.array([0.25, 1, 0.5], np.float32))
    assert (image.size, image.mode) == ((512, 256), "RGBA")
    heights = (np.asarray(image)[..., 3] > 0).sum(axis=0)
    bars = [int(heights[column]) for column in (20, 190, 360)]
    assert bars[1] > bars[2] > bars[0]
    assert heights[150] == 0, "a gap between two bars"


def test_silence_is_a_line() -> None:
    heights = (np.asarray(waveform.draw(np.zeros(9, np.float32)))[..., 3] > 0).sum(axis=0)
    assert 0 < heights.max() <= 4
