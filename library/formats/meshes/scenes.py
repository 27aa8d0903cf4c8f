"""COLLADA and 3MF: the triangles of the scene, from XML.

Both are read in one pass of expat, with limits on depth, elements and numbers; entities are
refused. Of a COLLADA document the first mesh of each geometry is used, placed as its nodes state;
of a 3MF the objects that its build names, with their components.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

import numpy as np

from library.formats.design.previews import open_zip, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO
    from zipfile import ZipFile

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]
    Mesh = tuple[NDArray[np.float64], NDArray[np.int64]]  # vertices (n, 3), triangles (m, 3)

_MAX_BYTES: Final = 64 * 1024**2  # of XML
_MAX_DEPTH: Final = 200
_MAX_PLACED: Final = 10_000  # meshes in a scene
_MAX_FACES: Final = 10_000_000
_TURNED: Final = {  # what brings another axis up to Y
    "Z_UP": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float64),
    "X_UP": np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float64),
}


class Element:
    """An element of a document, without its namespace."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Element] = []
        self.text = ""

    def all(self, name: str) -> Iterator[Element]:
        """Yield the children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, *names: str) -> Element | None:
        """Return the first descendant at the end of a path of names."""
        found: Element | None = self
        for name in names:
            found = None if found is None else next(found.all(name), None)
        return found

    def get(self, name: str) -> str:
        """Return an attribute, or nothing."""
        return self.attributes.get(name, "")

    def floats(self) -> NDArray[np.float64]:
        """Return the numbers in the text."""
        return np.array(self.text.split(), np.float64)


def parsed(raw: bytes) -> Element:
    """Return the root of a document. Raises ValueError."""
    if len(raw) > _MAX_BYTES:
        raise ValueError("its XML is too large")
    root = Element("", {})
    open_elements, texts = [root], [[""]]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > _MAX_DEPTH:
            raise ValueError("its XML is nested too deeply")
        element = Element(name.rpartition(":")[2], attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)
        texts.append([])

    def end(_name: str) -> None:
        open_elements.pop().text = "".join(texts.pop())

    def text(content: str) -> None:
        texts[-1].append(content)

    def refuse(*_: object) -> None:
        raise ValueError("its XML has entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return root.children[0]


def joined(placed: list[Mesh]) -> Mesh:
    """Return several meshes as one."""
    vertices, faces, count = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], 0
    for points, triangles in placed:
        if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(points):
            raise ValueError("a triangle has a vertex that does not exist")
        vertices.append(points)
        faces.append(triangles + count)
        count += len(points)
        if sum(map(len, faces)) > _MAX_FACES:
            raise ValueError("it has too many triangles")
    return np.concatenate(vertices), np.concatenate(faces)


def moved(mesh: Mesh, matrix: Matrix) -> Mesh:
    """Return a mesh in another place: `matrix` is 4 x 4, for columns."""
    return mesh[0] @ matrix[:3, :3].T + matrix[:3, 3], mesh[1]


def collada(raw: bytes) -> Mesh:
    """Return the scene of a COLLADA document, Y up. Raises ValueError."""
    root = parsed(raw)
    meshes = {
        geometry.get("id"): _geometry(geometry)
        for library in root.all("library_geometries")
        for geometry in library.all("geometry")
    }
    placed: list[Mesh] = []
    for library in root.all("library_visual_scenes"):
        for scene in library.all("visual_scene"):
            for node in scene.all("node"):
                _place(node, np.eye(4), meshes, placed)
    mesh = joined(placed or list(meshes.values()))
    axis = root.first("asset", "up_axis")
    turn = _TURNED.get(axis.text.strip() if axis is not None else "")
    return mesh if turn is None else (mesh[0] @ turn.T, mesh[1])


def _place(node: Element, outer: Matrix, meshes: dict[str, Mesh], placed: list[Mesh]) -> None:
    matrix = outer
    for child in node.children:
        if child.name in {"matrix", "translate", "scale", "rotate"}:
            matrix = matrix @ _transform(child)
    for instance in node.all("instance_geometry"):
        mesh = meshes.get(instance.get("url").removeprefix("#"))
        if mesh is not None:
            placed.append(moved(mesh, matrix))
        if len(placed) > _MAX_PLACED or sum(len(m[1]) for m in placed[-1:]) > _MAX_FACES:
            raise ValueError("its scene has too many parts")
    for child in node.all("node"):
        _place(child, matrix, meshes, placed)


def _transform(element: Element) -> Matrix:
    values, matrix = element.floats(), np.eye(4)
    if element.name == "matrix":
        return values.reshape(4, 4)
    if element.name == "translate":
        matrix[:3, 3] = values
    elif element.name == "scale":
        matrix[:3, :3] = np.diag(values)
    else:  # an axis and degrees: Rodrigues' formula
        axis = values[:3] / max(float(np.linalg.norm(values[:3])), 1e-12)
        angle = np.radians(values[3])
        cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        matrix[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix


def _geometry(geometry: Element) -> Mesh:
    mesh = geometry.first("mesh")
    if mesh is None:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    sources = {source.get("id"): source for source in mesh.all("source")}
    positions = {}
    for vertices in mesh.all("vertices"):
        for each in vertices.all("input"):
            if each.get("semantic") == "POSITION":
                positions[vertices.get("id")] = each.get("source").removeprefix("#")
    points, faces = np.zeros((0, 3)), [np.zeros((0, 3), np.int64)]
    for part in mesh.children:
        if part.name not in {"triangles", "polylist", "polygons"}:
            continue
        inputs = list(part.all("input"))
        stride = 1 + max(int(each.get("offset") or 0) for each in inputs)
        (vertex,) = [each for each in inputs if each.get("semantic") == "VERTEX"]
        source = sources[positions[vertex.get("source").removeprefix("#")]]
        array = source.first("float_array")
        points = array.floats().reshape(-1, 3) if array is not None else points
        offset = int(vertex.get("offset") or 0)
        for polygons, counts in _polygons(part):
            faces.append(_fans(polygons[offset::stride], counts))
    return points, np.concatenate(faces)


def _polygons(part: Element) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64] | None]]:
    """Yield indices and the number of corners of each polygon, None for triangles."""
    counts = part.first("vcount")
    for element in part.all("p"):
        indices = np.array(element.text.split(), np.int64)
        if part.name == "polygons":
            stride = 1 + max(int(each.get("offset") or 0) for each in part.all("input"))
            yield indices, np.array([len(indices) // stride])
        else:
            yield indices, None if counts is None else np.array(counts.text.split(), np.int64)


def _fans(indices: NDArray[np.int64], counts: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return triangles of polygons."""
    if counts is None:
        return indices[: len(indices) // 3 * 3].reshape(-1, 3)
    if counts.min(initial=1) < 1 or counts.sum() > len(indices):
        raise ValueError("a polygon is cut off")
    last = np.cumsum(counts)
    starts = np.repeat(last - counts, counts)
    third = np.flatnonzero(np.arange(last[-1]) - starts >= 2)
    return np.stack([indices[starts[third]], indices[third - 1], indices[third]], axis=1)


def three_mf(file: BinaryIO) -> Mesh:
    """Return the build of a 3MF, Y up. Raises ValueError or BadImage."""
    with open_zip(file) as archive:
        root = parsed(_model(archive))
    objects = {each.get("id"): each for res in root.all("resources") for each in res.all("object")}
    building = _Build(objects)
    for build in root.all("build"):
        for item in build.all("item"):
            building.add(item, np.eye(4))
    vertices, faces = joined(building.placed)
    return vertices @ _TURNED["Z_UP"].T, faces


def _model(archive: ZipFile) -> bytes:
    """Return the part that describes the model."""
    infos = [i for i in archive.infolist() if i.filename.lower().endswith(".model")]
    infos.sort(key=lambda info: (info.filename.lower() != "3d/3dmodel.model", info.filename))
    if not infos:
        raise ValueError("it has no model")
    return unpacked(archive, infos[0], _MAX_BYTES)


@dataclass(slots=True)
class _Build:
    """The objects of a 3MF, and the meshes that are placed so far."""

    objects: dict[str, Element]
    meshes: dict[str, Mesh] = field(default_factory=dict)
    placed: list[Mesh] = field(default_factory=list)
    steps: int = 0

    def add(self, item: Element, outer: Matrix, depth: int = 0) -> None:
        """Place the object that an item or component names, with its own components."""
        self.steps += 1
        if depth > _MAX_DEPTH or self.steps > _MAX_PLACED:
            raise ValueError("its build has too many parts")
        matrix, stated = outer, np.array(item.get("transform").split(), np.float64)
        if len(stated) == 12:  # rows of a matrix for row vectors
            inner = np.eye(4)
            inner[:3, :] = stated.reshape(4, 3).T
            matrix = outer @ inner
        number = item.get("objectid")
        found = self.objects.get(number)
        if found is None:
            return
        if (mesh := found.first("mesh")) is not None:
            if number not in self.meshes:
                self.meshes[number] = _three_mf_mesh(mesh)
            self.placed.append(moved(self.meshes[number], matrix))
        for components in found.all("components"):
            for component in components.all("component"):
                self.add(component, matrix, depth + 1)


def _three_mf_mesh(mesh: Element) -> Mesh:
    vertices, triangles = mesh.first("vertices"), mesh.first("triangles")
    if vertices is None or triangles is None:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    points = [[float(v.get(a)) for a in "xyz"] for v in vertices.all("vertex")]
    faces = [[int(t.get(v)) for v in ("v1", "v2", "v3")] for t in triangles.all("triangle")]
    return np.array(points).reshape(-1, 3), np.array(faces, np.int64).reshape(-1, 3)
