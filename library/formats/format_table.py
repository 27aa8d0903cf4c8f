"""Declaration of the file formats: names, types, suffixes, and how far each one is read.

Recognition (`file_types`), messages and docs/files.md derive from this table. `reader` names the
package that reads a format, `extra` those that are installed when such a file is met (extras.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """One file format."""

    name: str
    kind: str  # the API's `kind`
    mime: str
    suffixes: tuple[str, ...]  # without the dot, the usual one first
    reading: str  # how far it is read, for docs/files.md
    reader: str = "Pillow"
    extra: str = ""


_PICTURE: Final = "picture, EXIF, XMP, generation parameters"
_FRAME: Final = "first frame that is not blank, number of frames; EXIF, XMP, generation parameters"
_INSIDE: Final = "the picture that its program has stored in it"
_SMALL: Final = "the small preview that its program has stored in it"
_FLAT: Final = "all visible layers, drawn"
_PREVIEW: Final = "largest embedded preview, upright; EXIF"
_MESH: Final = "a drawing without textures, counts of vertices and faces"
_GLTF: Final = (
    f"{_MESH}, extensions; of compressed ones the counts alone, unless they are Draco and DracoPy "
    "is installed"
)
_NAMED: Final = "listed by name and tags, shown as a placeholder"
_TAGS: Final = "cover picture or waveform, duration, tags"
_VIDEO: Final = "a frame that is not blank, in shape and colours of players; duration, tags"
_OWN: Final = "Akin"


def _format(
    name: str,
    kind: str,
    mime: str,
    suffixes: str,
    reading: str,
    reader: str = "Pillow",
    extra: str = "",
) -> Format:
    return Format(name, kind, mime, tuple(suffixes.split()), reading, reader, extra)


FORMATS: Final = (
    _format("PNG, APNG", "image", "image/png", "png apng", _FRAME),
    _format("JPEG", "image", "image/jpeg", "jpg jpeg jpe jfif mpo", _PICTURE),
    _format("WebP", "image", "image/webp", "webp", _FRAME),
    _format("AVIF", "image", "image/avif", "avif avifs", _FRAME),
    _format("GIF", "image", "image/gif", "gif", _FRAME),
    _format("HEIC, HEIF", "image", "image/heic", "heic heif hif", _PICTURE, "pillow-heif", "heif"),
    _format("TIFF", "image", "image/tiff", "tif tiff",
            "first page of any depth, number of pages; EXIF, XMP", "Pillow, tifffile"),
    _format("BMP", "image", "image/bmp", "bmp dib", "picture"),
    _format("TGA", "image", "image/x-tga", "tga icb vda vst", "picture"),
    _format("SVG", "image", "image/svg+xml", "svg svgz", "drawing without links", "resvg"),
    _format("JPEG 2000", "image", "image/jp2", "jp2 j2k j2c jpx jpf", "picture"),
    _format("JPEG XL", "image", "image/jxl", "jxl", _FRAME, "pillow-jxl-plugin", "jxl"),
    _format("ICO", "image", "image/vnd.microsoft.icon", "ico", "largest size"),
    _format("Windows cursor", "image", "image/x-win-bitmap", "cur", "largest size"),
    _format("ICNS", "image", "image/icns", "icns", "largest size"),
    _format("DDS", "image", "image/vnd-ms.dds", "dds", "picture"),
    _format("KTX 2", "image", "image/ktx2", "ktx2", "size; picture where it is plain RGB or RGBA",
            _OWN),
    _format("QOI", "image", "image/qoi", "qoi", "picture"),
    _format("PCX", "image", "image/vnd.zbrush.pcx", "pcx", "picture"),
    _format("PPM", "image", "image/x-portable-pixmap", "ppm pnm", "picture"),
    _format("PGM", "image", "image/x-portable-graymap", "pgm", "picture"),
    _format("PBM", "image", "image/x-portable-bitmap", "pbm", "picture"),
    _format("XPM", "image", "image/x-xpixmap", "xpm", "picture"),
    _format("Photoshop", "image", "image/vnd.adobe.photoshop", "psd psb",
            "composite of any depth, else its preview; EXIF, XMP", _OWN),
    _format("Krita", "image", "application/x-krita", "kra krz", _INSIDE, _OWN),
    _format("OpenRaster", "image", "image/openraster", "ora", _INSIDE, _OWN),
    _format("GIMP", "image", "image/x-xcf", "xcf", _FLAT, _OWN),
    _format("Aseprite", "image", "image/x-aseprite", "aseprite ase", "first frame, drawn", _OWN),
    _format("Clip Studio Paint", "image", "image/x-clip-studio", "clip", _INSIDE, _OWN),
    _format("Affinity", "image", "image/x-affinity", "af afphoto afdesign afpub", _SMALL, _OWN),
    _format("Sketch", "image", "image/x-sketch", "sketch", _INSIDE, _OWN),
    _format("Procreate", "image", "image/x-procreate", "procreate", _SMALL, _OWN),
    _format("Figma", "image", "image/x-figma", "fig", _SMALL, _OWN),
    _format("Adobe XD", "image", "image/x-adobe-xd", "xd", _SMALL, _OWN),
    _format("Illustrator", "image", "application/illustrator", "ai", "first page", "pypdfium2",
            "pdf"),
    _format("EPS", "image", "application/postscript", "eps epsf",
            "TIFF preview of a DOS EPS, else a placeholder", _OWN),
    _format("DNG", "image", "image/x-adobe-dng", "dng", _PREVIEW, "rawpy", "raw"),
    _format("Canon CR2", "image", "image/x-canon-cr2", "cr2", _PREVIEW, "rawpy", "raw"),
    _format("Canon CR3", "image", "image/x-canon-cr3", "cr3", _PREVIEW, "rawpy", "raw"),
    _format("Canon CRW", "image", "image/x-canon-crw", "crw", _PREVIEW, "rawpy", "raw"),
    _format("Nikon", "image", "image/x-nikon-nef", "nef nrw", _PREVIEW, "rawpy", "raw"),
    _format("Sony", "image", "image/x-sony-arw", "arw sr2 srf", _PREVIEW, "rawpy", "raw"),
    _format("Fujifilm", "image", "image/x-fuji-raf", "raf", _PREVIEW, "rawpy", "raw"),
    _format("Olympus, OM System", "image", "image/x-olympus-orf", "orf ori", _PREVIEW, "rawpy",
            "raw"),
    _format("Panasonic, Leica", "image", "image/x-panasonic-rw2", "rw2 rwl", _PREVIEW, "rawpy",
            "raw"),
    _format("Pentax", "image", "image/x-pentax-pef", "pef", _PREVIEW, "rawpy", "raw"),
    _format("Samsung", "image", "image/x-samsung-srw", "srw", _PREVIEW, "rawpy", "raw"),
    _format("Hasselblad", "image", "image/x-hasselblad-3fr", "3fr fff", _PREVIEW, "rawpy", "raw"),
    _format("Phase One", "image", "image/x-phaseone-iiq", "iiq", _PREVIEW, "rawpy", "raw"),
    _format("Kodak", "image", "image/x-kodak-dcr", "dcr kdc", _PREVIEW, "rawpy", "raw"),
    _format("Epson", "image", "image/x-epson-erf", "erf", _PREVIEW, "rawpy", "raw"),
    _format("Minolta", "image", "image/x-minolta-mrw", "mrw", _PREVIEW, "rawpy", "raw"),
    _format("Sigma", "image", "image/x-sigma-x3f", "x3f", _PREVIEW, "rawpy", "raw"),
    _format("OpenEXR", "image-hdr", "image/x-exr", "exr", "picture for screens", "PyAV", "media"),
    _format("Radiance", "image-hdr", "image/vnd.radiance", "hdr", "picture for screens", "PyAV",
            "media"),
    _format("MP4", "video", "video/mp4", "mp4 m4v", _VIDEO, "PyAV", "media"),
    _format("QuickTime", "video", "video/quicktime", "mov qt", _VIDEO, "PyAV", "media"),
    _format("WebM, Matroska", "video", "video/webm", "webm mkv", _VIDEO, "PyAV", "media"),
    _format("AVI", "video", "video/x-msvideo", "avi", _VIDEO, "PyAV", "media"),
    _format("Flash Video", "video", "video/x-flv", "flv", _VIDEO, "PyAV", "media"),
    _format("Ogg Theora", "video", "video/ogg", "ogv", _VIDEO, "PyAV", "media"),
    _format("WAV", "audio", "audio/wav", "wav", _TAGS, "PyAV", "media"),
    _format("MP3", "audio", "audio/mpeg", "mp3", _TAGS, "PyAV", "media"),
    _format("Ogg Vorbis, Opus", "audio", "audio/ogg", "ogg oga opus", _TAGS, "PyAV", "media"),
    _format("FLAC", "audio", "audio/flac", "flac", _TAGS, "PyAV", "media"),
    _format("MPEG-4 audio", "audio", "audio/mp4", "m4a", _TAGS, "PyAV", "media"),
    _format("AAC", "audio", "audio/aac", "aac", _TAGS, "PyAV", "media"),
    _format("AIFF", "audio", "audio/aiff", "aif aiff aifc", _TAGS, "PyAV", "media"),
    _format("glTF binary", "3d", "model/gltf-binary", "glb vrm", _GLTF, "trimesh"),
    _format("glTF", "3d", "model/gltf+json", "gltf", _GLTF, "trimesh"),
    _format("Wavefront OBJ", "3d", "model/obj", "obj", _MESH, "trimesh"),
    _format("STL", "3d", "model/stl", "stl", _MESH, "trimesh"),
    _format("PLY", "3d", "model/x-ply", "ply", f"{_MESH}; clouds of points", "trimesh"),
    _format("OFF", "3d", "model/x-off", "off", _MESH, "trimesh"),
    _format("3MF", "3d", "model/3mf", "3mf", f"{_MESH}; else its preview", _OWN),
    _format("COLLADA", "3d", "model/vnd.collada+xml", "dae", _MESH, _OWN),
    _format("USDZ", "3d", "model/vnd.usdz+zip", "usdz", _NAMED, _OWN),
    _format("USD", "3d", "model/vnd.usd", "usd usda usdc", _NAMED, _OWN),
    _format("FBX", "3d", "application/octet-stream", "fbx",
            "a drawing of a single mesh, counts", _OWN),
    _format("Blender", "3d", "application/x-blender", "blend", _SMALL, _OWN),
    _format("PDF", "document", "application/pdf", "pdf", "first page, number of pages",
            "pypdfium2", "pdf"),
    _format("JSON", "json", "application/json", "json", "listed by name and tags", _OWN),
    _format("Text", "text", "text/plain", "txt", "its text", _OWN),
    _format("Markdown", "text", "text/markdown", "md", "its text", _OWN),
)  # fmt: skip
BY_MIME: Final = {each.mime: each for each in FORMATS}
BY_SUFFIX: Final = {suffix: each for each in FORMATS for suffix in each.suffixes}
