"""A share that hangs: whatever is asked of it ends in time, with a true sentence, and is never taken for done.

A named pipe without a writer stands for it: reading blocks just as long.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import Unavailable, Unknown
from services.export_worker.erp.adapter import CheckResult
from tests.contract.sage_file.outboxes import Scene, an_invoice


@contextmanager
def hanging(scene: Scene, file: Path) -> Iterator[None]:
    """Whoever reads `file` waits until the end."""
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)
    scene.adapter.time_limit = 0.2
    try:
        yield
    finally:
        pipe = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        os.write(pipe, content)
        os.close(pipe)
        file.unlink()
        file.write_bytes(content)


async def test_a_share_that_hangs_leaves_a_create_open(scene: Scene) -> None:
    with hanging(scene, scene.folder / "batches" / "connection"):
        outcome = await scene.adapter.perform(Step.CREATE, an_invoice(), None)
        look = await scene.adapter.find("harbor:1001:90007:1")
    assert isinstance(outcome, Unknown)
    assert isinstance(look, Unavailable)
    for text in (outcome.text, look.text):
        assert text.endswith(f"{scene.folder} does not answer: the share that it is on may hang")


async def test_a_share_that_hangs_is_told_by_the_checks(scene: Scene) -> None:
    await scene.handed_over(an_invoice())
    with hanging(scene, scene.folder / "batches" / "IE261123-001.json"):
        checks = await scene.adapter.check()
    assert [(one.what, one.result) for one in checks] == [("outbox", CheckResult.WRONG)]
    assert "may hang" in checks[0].seen
    assert "mounted" in checks[0].remedy


async def test_a_share_that_hangs_is_not_prepared(scene: Scene) -> None:
    with hanging(scene, scene.folder / "batches" / "connection"):
        [told] = await scene.adapter.prepare()
    assert told.result is CheckResult.WRONG
    assert "may hang" in told.seen
