"""The losses that eight machines survive, one after the other, while people use Akin.

`run` is called by the test, which asserts, and by `bench.cluster`, which prints the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.cluster.load import Load, Phase, found
from tests.cluster.studio import ADDRESSES, DIRECT, Studio, block
from tests.support.processes import MAX_SECONDS
from tests.support.sample_files import png
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

PICTURES: Final = 60  # that are there at the beginning


@dataclass(slots=True)
class Report:
    """What has happened. `lost` are lines about what was acknowledged and is not there."""

    phases: list[Phase]
    lost: list[str] = field(default_factory=list)
    acknowledged: int = 0
    files: int = 0
    restored: int = 0  # assets in the database that was restored from a dump


def run(folder: Path) -> Report:
    """Set up the machines, lose them one by one, and compare."""
    with Studio(folder) as studio:
        for n in range(PICTURES):
            (studio.network.art / f"picture {n}.png").write_bytes(png("tomato", (64 + n, 64)))
        studio.begin_on_one_machine()
        session = studio.session()
        ids = [str(hit["id"]) for hit in found(session, studio.url, "")]
        assert len(ids) == PICTURES
        form = {"id": ids[0], "action": "tag", "value": "before the move"}
        json = {"Accept": "application/json"}
        assert session.post(f"{studio.url}/edit", form, headers=json).json()["failures"] == []
        studio.set_up_databases()
        studio.move()
        studio.index("ix2")
        with Load(studio, ids) as load:
            _lose(studio, load)
        report = Report(load.phases[1:], acknowledged=len(load.acknowledged), files=len(load.files))
        acknowledged = [(ids[0], "before the move"), *load.acknowledged]
        report.lost = _lost(studio, acknowledged, load.files)
        report.restored = _restored(studio)
        return report


def _lose(studio: Studio, load: Load) -> None:
    load.phase("nothing is lost", pages=60)

    load.phase("a web host is killed", studio["web1"].kill)
    load.phase("it comes back", lambda: studio.serve("web1"))

    load.phase("the standby is killed", studio[studio.standby].kill)
    load.phase("it comes back", lambda: studio.start_postgres(studio.standby))
    studio.wait_for_standby()

    load.phase("an indexer is killed", studio["ix1"].kill)
    load.phase("it comes back", lambda: studio.index("ix1"))

    load.phase("Redis is killed", studio["cache"].kill)
    load.phase("it comes back", studio.start_redis)

    load.phase("the primary is killed", studio[studio.primary].kill)
    promoted = load.phase("the standby is promoted", studio.promote)
    load.wait(lambda: promoted.acknowledged, 5)
    load.phase("the old primary comes back as the standby", studio.make_standby)
    studio.wait_for_standby()
    for name in ("web2", "web1"):
        studio[name].end()
        load.phase(f"{name} is restarted", lambda name=name: studio.serve(name))  # type: ignore[misc]


def _lost(studio: Studio, decisions: list[tuple[str, str]], files: list[str]) -> list[str]:
    """Return what is not there of what was acknowledged, for each web host."""
    session = studio.session()
    wanted = {name.removesuffix(".png") for name in files}

    def names() -> set[str]:
        return {hit["metadata"]["name"] for hit in found(session, studio.url, "")}

    try:
        eventually(lambda: wanted <= names(), MAX_SECONDS)
    except AssertionError:
        return [f"not indexed: {sorted(wanted - names())}"]
    lost = []
    for port, name in DIRECT.items():
        tags = {hit["id"]: hit["tags"] for hit in found(session, f"{studio.url}:{port}", "")}
        lost += [f"{name}: {tag} of {asset}" for asset, tag in decisions if tag not in tags[asset]]
    return lost


def _restored(studio: Studio) -> int:
    """Dump the database, restore it beside itself, and return the number of assets in it."""
    studio["web1"].run(block("dump").replace("10.0.0.7", ADDRESSES[studio.standby]))
    studio[studio.primary].run(block("restore").replace("10.0.0.6", ADDRESSES[studio.primary]))
    count = "SELECT count(*) FROM akin_art.assets"
    shown = studio[studio.primary].run(f"runuser -u postgres -- psql -At -d restored -c '{count}'")
    return int(shown)
