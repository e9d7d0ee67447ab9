"""Kills at every call to the disk, and several workers at once: no invoice in two files, none lost."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import HandedOver
from tests.contract.sage_file import processes
from tests.contract.sage_file.outboxes import an_invoice, open_scene

FIRST = "IE261123-001"


async def run(*words: object) -> str:
    """One process of its own, to its end."""
    command = (sys.executable, "-m", processes.__name__, *map(str, words))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


def take_away(outbox: Path) -> list[bytes]:
    """The import files, as whoever imports them moves them elsewhere."""
    files = list(outbox.glob("*.csv"))
    contents = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    return contents


@pytest.mark.parametrize("is_taken_away", [False, True], ids=["left", "taken away"])
async def test_a_kill_at_any_call_leaves_one_file(tmp_path: Path, is_taken_away: bool) -> None:
    deaths = int(await run("die_at_each_call", tmp_path))
    assert deaths >= 20
    for outbox in (tmp_path / str(before) for before in range(deaths + 1)):
        # The importer may be quicker than the worker that comes after the kill.
        taken = take_away(outbox) if is_taken_away else []
        adapter = processes.an_adapter(outbox, 1)
        outcome = await adapter.perform(Step.CREATE, an_invoice(), None)
        assert isinstance(outcome, HandedOver), (outbox.name, outcome)
        await adapter.find("nobody")
        await adapter.close()
        files = taken + take_away(outbox)
        [manifest] = [json.loads(path.read_text()) for path in (outbox / "batches").glob("*.json")]
        assert [hashlib.sha256(content).hexdigest() for content in files] == [manifest["sha256"]], outbox.name
        assert [line["ref"] for line in manifest["lines"]] == [outcome.ref]


async def test_workers_at_once_never_write_an_invoice_twice(tmp_path: Path) -> None:
    scene = await open_scene(tmp_path)
    await scene.adapter.close()
    told = await asyncio.gather(*(run("hand_over_all", scene.folder, seed) for seed in range(4)))
    refs = [json.loads(each) for each in told]
    assert all(each == refs[0] for each in refs)
    assert len(set(refs[0].values())) == processes.INVOICES
    manifests = [json.loads(path.read_text()) for path in (scene.folder / "batches").glob("*.json")]
    references = [line["reference"] for manifest in manifests for line in manifest["lines"]]
    assert sorted(references) == sorted(refs[0])
    assert sorted(len(manifest["lines"]) for manifest in manifests) == [6, 7, 7]
    assert len(list(scene.folder.glob("*.csv"))) == 2
