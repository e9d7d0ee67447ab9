"""Checking a connection, against a running ERP, one that is away, and without a database."""

import pytest

from deploy.sandbox.erp.control_client import ErpControl
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.ledger.entries import Finding, Held
from shared.ledger.words import Reason
from tests.support.command_line import answered
from tests.support.erp_sandbox import BOOK
from tests.support.ledgers import CONNECTION, a_look, an_export, append

OWNER = Mapping(kind=MappingKind.CUSTOMER, erp_id="C-100", procore_name="Harbor Library District")


@pytest.fixture
def checks(command):
    """The lines of a check that ends with this exit code, by what they are about."""

    async def checks(code, *options):
        ran = await command("connections", "check", CONNECTION, "--json", *options)
        assert ran.exit_code == code, ran.output
        lines: dict[str, list[dict[str, str]]] = {}
        for line in answered(ran):
            lines.setdefault(line["what"], []).append(line)
        return lines

    return checks


@pytest.fixture
def mapped(owner_engine):
    async def mapped(*mappings):
        async with owner_engine.begin() as connection:
            await mapping_store.save(connection, [MappingRow(CONNECTION, one) for one in mappings], "test")

    return mapped


def held_up_by(*details: str) -> Held:
    findings = tuple(Finding(reason=Reason.MISSING_MAPPING, detail=detail) for detail in details)
    return Held(
        findings=(*findings, Finding(reason=Reason.MISSING_FIELD, detail="the owner is missing")), look=a_look()
    )


async def test_a_connection_in_order_passes(connect, mapped, checks):
    await mapped(OWNER)
    lines = await checks(0)
    assert {line["result"] for of in lines.values() for line in of} == {"ok"}
    assert lines["log-in"][0]["seen"] == "accepted"
    assert lines["mode"][0]["seen"] == "live: what is approved is sent"
    assert lines["mappings: customer"][0]["seen"] == "1 ERP id, all on the ERP's list"
    assert lines["start"][0]["remedy"] == "see that none of them stands in the ERP already"


async def test_preparing_what_needs_nothing_changes_nothing(connect, mapped, checks):
    await mapped(OWNER)
    assert await checks(0, "--prepare") == await checks(0)


async def test_a_needed_mapping_that_is_absent_fails(connect, checks):
    (line,) = (await checks(1))["mappings: customer"]
    assert (line["result"], line["seen"]) == ("missing", "none, and this ERP needs it")
    assert "invoice-export mappings suggest harbor-sandbox --out FILE.csv" in line["remedy"]


async def test_what_holds_exports_up_is_counted(connect, mapped, checks, worker_engine):
    await mapped(OWNER)
    owner, job = "the owner 'Ironside' has no customer in the ERP", "project 9 has no job in the ERP"
    await an_export(worker_engine, held_up_by(owner), invoice="5001")
    await an_export(worker_engine, held_up_by(owner, job), invoice="5002")
    await an_export(worker_engine, held_up_by(owner), invoice="5003", connection="another")
    mended = await an_export(worker_engine, held_up_by(job), invoice="5004")
    await append(worker_engine, mended, Held(findings=(Finding(reason=Reason.MISSING_FIELD),), look=a_look()))
    assert [line["seen"] for line in (await checks(1))["mappings: exports"]] == [
        f"{owner}: 2 exports wait",
        f"{job}: 1 export waits",
    ]


async def test_a_mapping_to_nothing_in_the_erp_is_wrong(connect, mapped, checks):
    await mapped(OWNER, Mapping(kind=MappingKind.JOB, erp_id="J-999", procore_id="91835"))
    (line,) = (await checks(1))["mappings: job"]
    assert (line["result"], line["seen"]) == ("wrong", "not on the ERP's list: J-999")


async def test_a_list_that_the_erp_does_not_tell_is_no_fault(connect, mapped, checks):
    await mapped(OWNER, Mapping(kind=MappingKind.ACCOUNT, erp_id="4000", procore_id="03-100"))
    (line,) = (await checks(0))["mappings: account"]
    assert (line["result"], line["seen"]) == ("untold", "1 ERP id; this ERP tells no list to compare with")


async def test_a_default_is_a_warning(connect, mapped, checks, command):
    await mapped(Mapping(kind=MappingKind.CUSTOMER, erp_id="C-100", procore_id="*"))
    _, line = (await checks(0))["mappings: customer"]
    assert (line["result"], line["seen"]) == ("ok", "all others go to C-100")
    assert "a default: see that this is meant" in (await command("connections", "check", CONNECTION)).stdout


async def test_a_pause_is_told(connect, mapped, checks, command):
    await mapped(OWNER)
    await command("connections", "pause", CONNECTION, "--reason", "month-end close")
    (line,) = (await checks(0))["sending"]
    assert line["seen"].endswith("month-end close")
    assert line["remedy"] == "`invoice-export connections resume harbor-sandbox`"


@pytest.mark.parametrize(
    ("more", "settings", "what", "result", "seen"),
    [
        ('mode = "rehearse"', "", "mode", "ok", "rehearse: nothing is sent"),
        ('mode = "paused"', "", "mode", "ok", "paused: exports wait"),
        ('finish = "draft"', "", "finish", "ok", "draft: a person posts in the ERP"),
        ("", ", exports_owner_invoices = false", "owner invoices", "wrong", "this ERP takes none"),
        ('accounting_date = "first_open_day"', "", "accounting date", "ok", "first_open_day, in UTC"),
    ],
)
async def test_the_settings_are_told(connect, mapped, checks, more, settings, what, result, seen):
    connect(more, settings=settings)
    await mapped(OWNER)
    (line,) = (await checks(int(result == "wrong")))[what]
    assert (line["result"], line["seen"]) == (result, seen)


async def test_a_wrong_secret_is_told_and_never_shown(connect, mapped, checks, command, monkeypatch):
    monkeypatch.setenv("ERP_SECRET", "hunter2-hunter2")
    await mapped(OWNER)
    lines = await checks(1)
    assert lines["log-in"][0]["result"] == "wrong"
    assert lines["mappings: customer"][0]["result"] == "untold"
    assert "hunter2" not in str(lines)
    assert "hunter2" not in (await command("connections", "check", CONNECTION)).output


async def test_what_an_erp_repeats_is_masked(connect, erp_url, mapped, checks, monkeypatch):
    await mapped(OWNER)
    async with ErpControl(erp_url) as control:
        await control.set_up(BOOK, client_secret="accepted")
    monkeypatch.setenv("ERP_SECRET", "accepted")
    assert (await checks(0))["log-in"][0]["seen"] == "[secret]"


async def test_an_erp_that_is_away_does_not_hide_the_rest(mapped, checks):
    await mapped(OWNER)
    lines = await checks(1)
    assert lines["log-in"][0]["result"] == "wrong"
    assert "the ERP's list could not be read" in lines["mappings: customer"][0]["seen"]
    assert lines["mappings: exports"][0]["result"] == "ok"


async def test_a_database_that_is_away_is_one_line(connect, checks, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    lines = await checks(0)
    assert lines["log-in"][0]["seen"] == "accepted"
    assert lines["database"][0]["seen"].startswith("does not answer: ")
    assert "hunter2" not in str(lines)
    monkeypatch.delenv("DATABASE_URL")
    assert (await checks(0))["database"][0]["seen"] == "not asked: DATABASE_URL cannot be used"


async def test_an_unset_secret_stops_the_check(connect, command, monkeypatch):
    monkeypatch.delenv("ERP_SECRET")
    ran = await command("connections", "check", CONNECTION)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "the environment variable ERP_SECRET is not set" in ran.stderr
