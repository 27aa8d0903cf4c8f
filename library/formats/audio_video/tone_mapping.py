"""Colours of HDR and wide-gamut video, as a screen of sRGB shows them.

Transfer functions: ITU-R BT.2100 (PQ and HLG). A diffuse white of 203 cd/m² (ITU-R BT.2408)
becomes white; only what is brighter compresses the upper half of the range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PQ: Final = 16  # FFmpeg's numbers, from ITU-T H.273
HLG: Final = 18
_WHITE: Final = 203.0  # cd/m² of diffuse white
_HLG_PEAK: Final = 1000.0  # cd/m² of the screen that HLG is shown on
_KNEE: Final = 0.5  # of linear light: what is darker stays as it is
# From linear light of these primaries (numbers of H.273) to that of BT.709.
_MATRICES: Final = {
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    11: ((1.1575, -0.1550, -0.0025), (-0.0415, 1.0456, -0.0040), (-0.0181, -0.0786, 1.0967)),
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


def needed(transfer: int, primaries: int) -> bool:
    """Return whether the colours differ from those of an SDR video for any screen."""
    return transfer in {PQ, HLG} or primaries in _MATRICES


def to_srgb(signal: Floats, transfer: int, primaries: int) -> Floats:
    """Return sRGB values of (height, width, 3) values of a video; both from 0 to 1."""
    if transfer == PQ:
        light = _from_pq(signal) / _WHITE
    elif transfer == HLG:
        light = _from_hlg(signal, primaries) / _WHITE
    else:
        light = _from_sdr(signal)
    light = _compressed(light)
    if primaries in _MATRICES:  # clipped outside of BT.709: mixing with grey would shift hues
        light = light @ np.array(_MATRICES[primaries], np.float32).T
    return srgb(np.clip(light, 0, 1))


def srgb(linear: Floats) -> Floats:
    """Return the sRGB values of linear light (IEC 61966-2-1)."""
    curved = 1.055 * np.power(linear, 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, curved).astype(np.float32)


def _from_pq(signal: Floats) -> Floats:
    power = np.power(signal, 1 / 78.84375)
    ratio = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(10_000 * np.power(ratio, 1 / 0.1593017578125), np.float32)


def _from_hlg(signal: Floats, primaries: int) -> Floats:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    weights = (0.2627, 0.6780, 0.0593) if primaries == 9 else _LUMINANCE
    luminance = np.maximum(scene @ np.asarray(weights, np.float32), 1e-6)
    return np.asarray(_HLG_PEAK * scene * luminance[..., None] ** 0.2, np.float32)


def _from_sdr(signal: Floats) -> Floats:
    """Return the inverse of `srgb`: players show BT.709 and BT.2020 of SDR as if it were sRGB."""
    curved = np.power((signal + 0.055) / 1.055, 2.4)
    return np.where(signal <= 0.04045, signal / 12.92, curved).astype(np.float32)


def _compressed(light: Floats) -> Floats:
    """Return light in which the brightest is 1; hues stay (the largest component decides)."""
    largest = light.max(axis=-1, keepdims=True)
    peak = (float(np.percentile(largest, 99.9)) - _KNEE) / (1 - _KNEE)
    if peak <= 1:
        return light
    over = np.maximum(largest - _KNEE, 0) / (1 - _KNEE)
    mapped = np.where(
        largest <= _KNEE,
        largest,
        _KNEE + (1 - _KNEE) * over * (1 + over / peak**2) / (1 + over),  # Reinhard's equation 4
    )
    return np.asarray(light * (mapped / np.maximum(largest, 1e-6)), np.float32)
