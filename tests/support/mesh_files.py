"""3D models in XML: a box as 3MF and COLLADA."""

from __future__ import annotations

import trimesh

from tests.support.design_files import archive

_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"


def box(kind: str) -> dict[str, bytes]:
    """The file of a box."""
    return {f"box.{kind}": three_mf() if kind == "3mf" else collada()}


def three_mf(more: str = "", built: str = "1") -> bytes:
    """A 3MF of a box, object 1, and more objects; `built` is the one in its build."""
    mesh = trimesh.creation.box()
    vertices = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in mesh.vertices)
    triangles = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in mesh.faces)
    model = (
        f'<?xml version="1.0"?><model unit="millimeter" xmlns="{_CORE}"><resources>'
        f'<object id="1" type="model"><mesh><vertices>{vertices}</vertices>'
        f"<triangles>{triangles}</triangles></mesh></object>{more}</resources>"
        f'<build><item objectid="{built}"/></build></model>'
    )
    return archive({"[Content_Types].xml": b"<Types/>", "3D/3dmodel.model": model.encode()})


def collada(placed: str = "") -> bytes:
    """A COLLADA document of a box of quads, in a node with these transforms."""
    corners = [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    quads = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    numbers = " ".join(str(number) for corner in corners for number in corner)
    indices = " ".join(f"{vertex} 0" for quad in quads for vertex in quad)
    return (
        '<?xml version="1.0"?><COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" '
        'version="1.4.1"><asset><up_axis>Z_UP</up_axis></asset><library_geometries>'
        f'<geometry id="g"><mesh><source id="p"><float_array id="a" count="24">{numbers}'
        '</float_array></source><vertices id="v"><input semantic="POSITION" source="#p"/>'
        '</vertices><polylist count="6"><input semantic="VERTEX" source="#v" offset="0"/>'
        '<input semantic="NORMAL" source="#n" offset="1"/><vcount>4 4 4 4 4 4</vcount>'
        f"<p>{indices}</p></polylist></mesh></geometry></library_geometries>"
        f'<library_visual_scenes><visual_scene id="s"><node>{placed}'
        '<instance_geometry url="#g"/></node></visual_scene></library_visual_scenes></COLLADA>'
    ).encode()
