"""A month on its pages: who may ask, sign off and take it away as a file."""

from datetime import timedelta

import pytest

from services.export_worker.tie_out_runs import TieOutRuns
from shared.ledger.tie_out import Tally
from tests.support.ledgers import COMPANY, CONNECTION, a_look, an_export, exported
from tests.support.pages import AMY, OLGA, VERA, a_profile, served, text_of, visit
from tests.support.people import audited

OTHER = "ironside-books"
HERE = f"/tie-out/{CONNECTION}/2026-09"


@pytest.fixture
async def month(worker_engine):
    """September of two companies; in one an export stands in the ERP."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908"))
    await an_export(worker_engine, *exported(a_look(customer_name="=1+1")))


async def tied_out(worker_engine):
    """As a worker does it that finds nothing wrong."""
    runs = TieOutRuns(worker_engine, "one", lease=timedelta(days=1))
    await runs.finish(await runs.claim(CONNECTION), Tally(), None)


async def test_a_month_is_asked_about_and_signed_off(dashboard, owner_engine, worker_engine, month):
    async with visit(dashboard, owner_engine, AMY) as amy:
        refused = await amy.post(f"{HERE}/sign-offs", 422)
        assert "does not tie out" in refused.text
        await amy.follow(await amy.post(f"{HERE}/requests"))
        await tied_out(worker_engine)
        assert "Amy Admin" in text_of(await amy.follow(await amy.post(f"{HERE}/sign-offs")))
    what = f"tie-out {CONNECTION} 2026-09"
    assert [(row.did, row.what) for row in await audited(owner_engine)] == [("asked", what), ("signed off", what)]


async def test_a_month_is_downloaded_with_its_lines(dashboard, owner_engine, month):
    async with visit(dashboard, owner_engine, VERA) as vera:
        assert f'href="{HERE}.csv"' in await vera.get(HERE)
        answer = await vera.client.get(f"{HERE}.csv")
    lines = answer.text.splitlines()
    assert answer.headers["content-disposition"] == f'attachment; filename="tie-out-{CONNECTION}-2026-09.csv"'
    assert lines[0].startswith(f"connection,{CONNECTION},month,2026-09,made,")
    assert "approved,1,54000.00,USD" in lines
    assert "'=1+1" in lines[-1]
    assert [(row.did, row.company_id) for row in await audited(owner_engine)] == [("downloaded", COMPANY)]


@pytest.mark.parametrize("odd", ["2026-13", "9999-12", "0000-01", "now", "%00", "2026-09.xls"])
async def test_an_odd_month_is_no_page(dashboard, owner_engine, month, odd):
    async with visit(dashboard, owner_engine, AMY) as amy:
        await amy.get(f"/tie-out/{CONNECTION}/{odd}", 404)
        await amy.get(f"/tie-out/{CONNECTION}/{odd}.csv", 404)
        await amy.post(f"/tie-out/{CONNECTION}/{odd}/requests", 404)
        await amy.get("/tie-out/%00/2026-09", 404)
        await amy.get(f"/tie-out?period={odd}")


async def test_another_companys_month_is_nowhere(dashboard, owner_engine, worker_engine, month):
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({"4908"})) as amy:
        for path in (HERE, f"{HERE}.csv"):
            await amy.get(path, 404)
        for path in ("requests", "sign-offs"):
            await amy.post(f"{HERE}/{path}", 404)
        assert CONNECTION not in await amy.get("/tie-out?period=2026-09")
    assert await TieOutRuns(worker_engine, "one", lease=timedelta(days=1)).claim(CONNECTION) is None


async def test_an_operator_asks_and_signs_nothing_off(dashboard, owner_engine, month):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.post(f"{HERE}/requests")
        await olga.post(f"{HERE}/sign-offs", 403)
    async with visit(dashboard, owner_engine, VERA) as vera:
        await vera.post(f"{HERE}/requests", 403)
