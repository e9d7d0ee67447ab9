"""Settings that stop the start with one line each, what the checks show, and what the capabilities say."""

from pathlib import Path
from typing import Any

import pytest

from services.export_worker.core.capabilities import RetainageShape, Step
from services.export_worker.erp.adapter import CheckResult, Place
from services.export_worker.erp.catalog import ADAPTERS, make_adapter
from shared.connections.problems import CatalogErrors
from tests.contract.sage_file.outboxes import CONTRACTOR, CRE, Scene, an_invoice, open_scene

FIRST = "IE261123-001"
OUTBOX = {"outbox": "/srv/outbox"}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (CONTRACTOR, "settings.outbox: is missing; give the folder"),
        (OUTBOX, "settings.product: is missing; give which Sage reads the files"),
        (CONTRACTOR | {"outbox": "outbox"}, "settings: outbox: give the whole path of the folder, from the root"),
        (OUTBOX | {"product": "sage_300_cre"}, "settings: template is missing: sage_300_cre needs it"),
        (OUTBOX | CRE | {"product": "sage_100_contractor"}, "settings: template is for sage_300_cre only"),
        (OUTBOX | CONTRACTOR | {"detail": ["amount"]}, "settings: detail lacks amount or account"),
        (OUTBOX | CONTRACTOR | {"batch_prefix": "ie"}, "settings.batch_prefix: has another form"),
        (OUTBOX | CONTRACTOR | {"colour": "blue"}, "settings.colour: is not a known key"),
    ],
)
def test_each_mistake_in_the_settings_has_one_line(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(CatalogErrors) as caught:
        make_adapter("sage_file", Place("harbor", settings))
    [told] = str(caught.value).splitlines()
    assert told.startswith(f"connection harbor: {line}")


def test_each_mistake_in_a_template_has_one_line() -> None:
    template = CRE["template"] | {"invoice": ["customr", "number"], "date_format": "DD.MM.YY", "delimiter": "|"}
    with pytest.raises(CatalogErrors) as caught:
        make_adapter("sage_file", Place("harbor", OUTBOX | CRE | {"template": template}))
    lines = str(caught.value).splitlines()
    starts = ("template.invoice.0: ", "template.date_format: ", "template.delimiter: ")
    assert [any(line.startswith(f"connection harbor: settings.{start}") for line in lines) for start in starts] == [
        True
    ] * 3
    assert len(lines) == 3


def test_a_template_without_whom_and_when_is_incomplete() -> None:
    template = CRE["template"] | {"invoice": ["number"], "distribution": ["amount"]}
    with pytest.raises(
        CatalogErrors, match="invoice lacks customer; invoice lacks invoice_date; distribution lacks acco"
    ):
        make_adapter("sage_file", Place("harbor", OUTBOX | CRE | {"template": template}))


def test_secrets_that_nobody_reads_are_named() -> None:
    with pytest.raises(CatalogErrors, match=r"secrets\.password: is not a known key"):
        make_adapter("sage_file", Place("harbor", OUTBOX | CONTRACTOR, {"password": "hush"}))


def test_the_capabilities_promise_no_more_than_files_can() -> None:
    for can in ADAPTERS["sage_file"].about.variants.values():
        assert can.steps == (Step.CREATE,)
        assert can.retainage_shape is RetainageShape.NATIVE_FIELD
        assert (can.attachments, can.tells_open_days) == (False, False)
        assert (can.negative_totals, can.zero_totals) == (False, False)
        assert can.currencies == frozenset({"USD"})


async def test_the_checks_of_a_new_outbox_say_what_to_do(tmp_path: Path) -> None:
    adapter = make_adapter("sage_file", Place("harbor", CONTRACTOR | {"outbox": str(tmp_path / "outbox")}))
    before = {check.what: check for check in await adapter.check()}
    assert before["outbox"].result is CheckResult.MISSING
    assert "--prepare" in before["outbox"].remedy
    assert [check.result for check in await adapter.prepare()] == [CheckResult.PREPARED]
    assert {check.result for check in await adapter.check()} == {CheckResult.OK}
    assert await adapter.prepare() == []
    await adapter.close()


async def test_a_share_that_is_not_mounted_is_not_prepared(tmp_path: Path) -> None:
    place = Place("harbor", CONTRACTOR | {"outbox": str(tmp_path / "share" / "outbox")})
    adapter = make_adapter("sage_file", place)
    [told] = await adapter.prepare()
    assert told.result is CheckResult.WRONG
    assert "mount the share" in told.remedy
    await adapter.close()


async def test_an_outbox_belongs_to_one_connection(scene: Scene) -> None:
    other = make_adapter("sage_file", Place("annex", CONTRACTOR | {"outbox": str(scene.folder)}))
    assert CheckResult.PREPARED not in {check.result for check in await other.prepare()}
    told = [check for check in await other.check() if check.what == "batches"]
    assert [(check.result, check.seen) for check in told] == [
        (CheckResult.WRONG, f"{scene.folder} is the outbox of the connection harbor")
    ]
    assert (scene.folder / "batches" / "connection").read_text() == "harbor\n"
    await other.close()


async def test_the_checks_tell_which_batch_waits(scene: Scene) -> None:
    await scene.handed_over(an_invoice())
    [collecting] = [check for check in await scene.adapter.check() if check.what == "batch"]
    assert collecting.result is CheckResult.OK
    assert "collects until 2026-11-23 09:15 UTC" in collecting.seen
    await scene.released()
    [waiting] = [check for check in await scene.adapter.check() if check.what == "batch"]
    assert waiting.result is CheckResult.UNTOLD
    assert waiting.seen == f"{FIRST}: 1 invoices, 135,000.00; 1 wait since 2026-11-23 09:15 UTC"
    assert f"{FIRST}.imported.csv" in waiting.remedy
    scene.renamed(FIRST, "imported")
    assert [check for check in await scene.adapter.check() if check.what == "batch"] == []


async def test_the_checks_change_nothing(tmp_path: Path) -> None:
    scene = await open_scene(tmp_path)
    await scene.handed_over(an_invoice())
    scene.clock.pass_by()
    before = everything(tmp_path)
    await scene.adapter.check()
    assert everything(tmp_path) == before
    await scene.adapter.close()


def everything(folder: Path) -> list[Path]:
    """All files and folders below."""
    return sorted(folder.rglob("*"))
