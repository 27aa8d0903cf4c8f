"""Eight machines under load: each kind is killed, the standby is promoted, all come back.

The commands of docs/deploy.md make them. Requests are counted, no times are measured.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cluster import hosts, losses, studio
from tests.cluster.load import READERS
from tests.cluster.programs import ROOT
from tests.cluster.studio import BLOCKS, block

if TYPE_CHECKING:
    from pathlib import Path

SECTION = re.search(
    r"\n## From one machine to several\n(.*?)\n## ",
    (ROOT / "docs" / "deploy.md").read_text("utf-8"),
    re.DOTALL,
)


def test_every_block_of_the_document_is_run() -> None:
    assert SECTION is not None
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", SECTION[1], re.MULTILINE)
    written = {"\n".join(line[4:] for line in each.splitlines()).strip() for each in blocks} - {""}
    assert len(written) > 10
    assert written == {block(name) for name in BLOCKS}


@pytest.mark.cluster
@pytest.mark.timeout(3600)
def test_losses_cost_no_page_and_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    if reason := hosts.missing() or studio.missing():
        pytest.skip(reason)
    report = losses.run(tmp_path)
    assert report.lost == []
    for phase in report.phases:
        assert phase.failures == [], phase.name
        assert len(phase.in_flight) <= READERS, phase
        if "primary" not in phase.name and "promoted" not in phase.name:
            assert len(phase.refused) <= 1, phase  # in flight
    assert report.acknowledged > 50
    assert report.files > 10
    assert report.restored == losses.PICTURES + report.files
