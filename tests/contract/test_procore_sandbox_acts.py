"""People's acts, overrides, history and keeping in the Procore sandbox."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from deploy.sandbox.procore.__main__ import cli
from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.server import serving
from tests.contract.procore_sandbox import INVOICES, Stage, a_client, a_receiver, a_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


async def test_editing_lines_restates_the_form(stage: Stage):
    invoice = await stage.an_invoice(concrete="60000.00")
    lines = [{"description": "Concrete", "work_this_period": "50000.00"}]
    edited = await stage.control.edit_invoice(invoice, lines=lines, user_id=stage.ada)
    assert edited["g702"]["current_payment_due"] == "45000.00"
    assert (await stage.control.history())["changes"][-1]["kind"] == "edited"


async def test_only_the_last_invoice_is_edited(stage: Stage):
    first, second = await stage.an_invoice(), await stage.an_invoice()
    lines = [{"description": "Concrete", "work_this_period": "10.00"}]
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await stage.control.edit_invoice(first, lines=lines)
    await stage.control.edit_invoice(first, lines=lines, force=True)
    later = (await stage.shown(second))["g702"]
    assert later["less_previous_certificates_for_payment"] == "9.00"


async def test_history_tells_who_changed_the_status(stage: Stage):
    invoice = await stage.an_invoice()
    ben = await stage.control.create_user(company_id=stage.company, name="Ben")
    await stage.control.approve(invoice, user_id=ben)
    await stage.control.revise(invoice, user_id=stage.ada)
    await stage.control.approve(invoice, user_id=None)
    await stage.control.delete_invoice(invoice, user_id=ben)
    history = await stage.control.history()
    told = [(each["kind"], each["status_after"], each["user_id"]) for each in history["changes"]]
    assert told == [
        ("created", "draft", stage.ada),
        ("status", "approved", ben),
        ("status", "revise_and_resubmit", stage.ada),
        ("status", "approved", None),
        ("deleted", None, ben),
    ]
    times = [each["at"] for each in history["changes"]]
    assert times == sorted(set(times))
    by_invoice = {each["id"]: each for each in history["events"] if each["resource_id"] == invoice}
    assert [by_invoice[each["event_id"]]["timestamp"] for each in history["changes"]] == times


async def test_an_invoice_may_be_born_approved(stage: Stage):
    assert (await stage.shown(await stage.an_invoice(status="approved")))["status"] == "approved"


async def test_an_explicit_null_stays_null(stage: Stage):
    shown = await stage.shown(await stage.an_invoice(invoice_number=None, billing_date=None))
    assert (shown["invoice_number"], shown["billing_date"]) == (None, None)
    made_up = await stage.shown(await stage.an_invoice())
    assert made_up["invoice_number"] == "PC-1-002"


async def test_ids_may_have_sixty_four_bits(stage: Stage):
    invoice = await stage.an_invoice(id=2**62)
    assert (await stage.shown(invoice))["id"] == 2**62
    assert await stage.an_invoice() == 2**62 + 1
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await stage.an_invoice(id=2**62)


async def test_a_misspelt_field_is_refused(stage: Stage):
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await stage.an_invoice(taxes="1.00")


async def test_an_attachment_can_be_downloaded(stage: Stage):
    files = [{"filename": "cover.pdf", "content": "hello"}]
    shown = await stage.shown(await stage.an_invoice(attachments=files))
    attachment = shown["attachments"][0]
    assert attachment["filename"] == "cover.pdf"
    assert (await stage.api.get(attachment["url"])).content == b"hello"


# Overrides


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("g702", None),
        ("g702.current_payment_due", 71000.5),
        ("status", "Approved!"),
        ("invoice_number", "  "),
        ("g703.0.scheduled_value", 1),
        ("something.new", 1),
    ],
)
async def test_any_served_field_can_be_bent(stage: Stage, path: str, value: Any):
    invoice = await stage.an_invoice()
    straight = await stage.shown(invoice)
    await stage.control.override_invoice(invoice, {path: value})
    node: Any = await stage.shown(invoice)
    if path == "something.new":
        assert node == straight
    else:
        for step in path.split("."):
            node = node[int(step) if step.isdecimal() else step]
        assert node == value
    await stage.control.override_invoice(invoice)
    assert await stage.shown(invoice) == straight


async def test_a_field_can_be_removed(stage: Stage):
    invoice = await stage.an_invoice()
    await stage.control.override_invoice(invoice, remove=["g702.current_payment_due", "g703.1"])
    shown = await stage.shown(invoice)
    assert "current_payment_due" not in shown["g702"]
    assert len(shown["g703"]) == 1
    listed = await stage.api.get(INVOICES, params={"project_id": stage.project})
    assert "current_payment_due" not in listed.json()[0]["g702"]


async def test_an_override_by_somebody_is_an_update(stage: Stage):
    async with a_receiver() as receiver:
        await stage.a_hook(receiver.url, reasons=("update",))
        invoice = await stage.an_invoice()
        await stage.control.override_invoice(invoice, {"g702": None})
        bent = await stage.control.override_invoice(invoice, {"status": "odd"}, user_id=stage.ada)
        await receiver.has_received(1)
        await stage.control.wait_until_idle()
        assert [body["timestamp"] for body in receiver.bodies] == [bent["updated_at"]]


# The sandbox itself


async def test_the_clock_can_be_set_and_sped_up(stage: Stage):
    moment = datetime(2031, 5, 4, 13, 20, tzinfo=UTC)
    await stage.control.set_clock(moment)
    assert (await stage.control.clock() - moment).total_seconds() < 30
    await stage.control.set_time_scale(1_000_000)
    before = await stage.control.clock()
    assert (await stage.control.clock() - before).total_seconds() > 100
    shown = await stage.control.invoice(await stage.an_invoice())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", shown["updated_at"])


async def test_requests_are_remembered(stage: Stage):
    await stage.api.get("/rest/v1.0/me")
    seen = await stage.control.requests()
    assert [(each["method"], each["path"], each["status"]) for each in seen[-2:]] == [
        ("POST", "/oauth/token", 200),
        ("GET", "/rest/v1.0/me", 200),
    ]


async def test_a_world_survives_a_restart(tmp_path: Path):
    state_file = tmp_path / "world.json"
    async with (
        a_receiver() as receiver,
        serving(create_app(state_file=state_file)) as url,
        SandboxControl(url) as control,
    ):
        company = await control.create_company()
        project = await control.create_project(company_id=company)
        contract = await control.create_contract(project_id=project)
        async with a_client(url, company) as api:
            stage = Stage(url=url, control=control, api=api, company=company, project=project, contract=contract, ada=1)
            await control.pause_deliveries()
            await stage.a_hook(receiver.url)
            line = {"description": "Brick", "scheduled_value": "100.00", "work_this_period": "12.34"}
            invoice = await stage.an_invoice(lines=[line])
            before = await stage.shown(invoice)
    assert state_file.stat().st_mode & 0o077 == 0
    async with (
        a_receiver() as receiver,
        serving(create_app(state_file=state_file)) as url,
        SandboxControl(url) as control,
        a_client(url, company) as api,
    ):
        shown = await api.get(f"{INVOICES}/{invoice}", params={"project_id": project})
        assert shown.json() == before
        assert not await control.is_idle()


def test_the_help_explains_the_sandbox():
    text = CliRunner().invoke(cli, ["--help"]).output
    assert "--time-scale" in text
    assert "/sandbox/history" in text


async def test_the_program_serves_on_its_own():
    command = (sys.executable, "-m", "deploy.sandbox.procore", "--port", "0", "--time-scale", "60")
    server = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        assert server.stderr is not None
        url = None
        while url is None:
            url = re.search(rb"http://[\d.:]+", await server.stderr.readline())
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            clock = (await http.get(f"{url[0].decode()}/sandbox/clock")).json()
        assert clock["time_scale"] == 60
    finally:
        server.terminate()
        await server.communicate()
