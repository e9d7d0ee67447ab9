import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.sandbox import LOG_IN
from deploy.sandbox.procore.server import serving
from services.cli.approvers import app
from shared.approvers import store
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.refresh import NoApproverInDirectoryError, refresh
from shared.database import Role, create_engine
from tests.unit.test_approver_refresh import Person

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
ADA = ApproverRecord(
    company_id="4907",
    user_id="1",
    name="Ada",
    email="ada@harbor.example",
    erp_integrations_level=ToolLevel.STANDARD,
    can_push_to_accounting=True,
    can_export_owner_invoices=None,
    active=True,
    recorded_at=YESTERDAY,
    recorded_by="cli:root",
    source="csv",
)
BEN = replace(ADA, user_id="2", name="Ben", email="", can_push_to_accounting=False)
CLEO = replace(ADA, company_id="4908", user_id="3", name="Cleo")
HEADER = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting,recorded_at\n"


@pytest.fixture
async def engine(database_url):
    engine = create_engine(database_url, Role.OWNER, application_name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(engine):
    async with engine.begin() as connection:
        yield connection


@pytest.fixture
def command(engine, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def command(*words: str, csv: str = ""):
        file = tmp_path / "approvers.csv"
        file.write_text(csv)
        arguments = [str(file) if word == "FILE" else word for word in words]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments)

    return command


async def test_saved_records_are_current(connection):
    saved = await store.save(connection, [ADA, BEN, CLEO], "ben")
    assert saved.added == ["1", "2", "3"]
    assert await store.current(connection, "4907", ["1", "2", "3"]) == {"1": ADA, "2": BEN}
    assert await store.current(connection, "4907", []) == {}
    assert await store.all_current(connection) == [ADA, BEN, CLEO]
    assert await store.all_current(connection, "4908") == [CLEO]


async def test_a_change_keeps_the_version_before(connection):
    await store.save(connection, [ADA], "ben")
    weaker = replace(ADA, erp_integrations_level=ToolLevel.READ_ONLY)
    saved = await store.save(connection, [weaker], "cleo")
    newest, oldest = await store.history(connection, "4907", "1")
    assert saved.changed == ["1"]
    assert (newest.record, newest.changed_by, newest.valid_to) == (weaker, "cleo", None)
    assert (oldest.record, oldest.changed_by, oldest.valid_to) == (ADA, "ben", newest.valid_from)
    assert await store.changers(connection, "4907", "1") == {"ben", "cleo"}
    assert await store.changers(connection, "4908", "1") == frozenset()


async def test_a_changer_is_known_in_procore_too(connection):
    await store.save(connection, [ADA], "account:7", "31207")
    await store.save(connection, [replace(ADA, active=False)], "cli:root")
    assert await store.changers(connection, "4907", "1") == {"account:7", "31207", "cli:root"}


async def test_the_same_rights_read_later_are_a_new_version(connection):
    await store.save(connection, [ADA], "ben")
    later = replace(ADA, recorded_at=YESTERDAY + timedelta(hours=1))
    assert (await store.save(connection, [later], "ben")).refreshed == ["1"]
    assert (await store.current(connection, "4907", ["1"]))["1"] == later
    assert len(await store.history(connection, "4907", "1")) == 2


async def test_an_old_file_does_not_bring_rights_back(connection):
    await store.save(connection, [BEN], "ben")
    old = replace(BEN, can_push_to_accounting=True, recorded_at=YESTERDAY - timedelta(seconds=1))
    assert (await store.save(connection, [old], "ben")).older == ["2"]
    assert (await store.current(connection, "4907", ["2"]))["2"] == BEN


async def test_the_same_file_again_changes_nothing(connection):
    await store.save(connection, [ADA], "ben")
    assert (await store.save(connection, [replace(ADA, recorded_by="cli:cleo")], "cleo")).unchanged == ["1"]
    assert len(await store.history(connection, "4907", "1")) == 1


async def test_thousands_of_records_are_saved_at_once(connection):
    many = [replace(ADA, user_id=str(number)) for number in range(1, 2502)]
    await store.save(connection, many, "ben")
    newer = [replace(record, active=False) for record in many]
    assert len((await store.save(connection, newer, "ben")).changed) == 2501
    assert len(await store.all_current(connection)) == 2501


async def test_two_writers_at_once_both_succeed(engine):
    async def save(name: str) -> None:
        async with engine.begin() as connection:
            await store.save(connection, [replace(ADA, name=name)], name)

    names = [f"writer {number}" for number in range(8)]
    await asyncio.gather(*(save(name) for name in names))
    async with engine.connect() as connection:
        versions = await store.history(connection, "4907", "1")
    assert sorted(version.changed_by for version in versions) == names
    assert [version.valid_to for version in versions] == [None, *(version.valid_from for version in versions[:-1])]


async def test_the_database_refuses_a_second_current_record(connection):
    twice = [vars(ADA) | {"valid_from": YESTERDAY, "changed_by": "ben"}] * 2
    async with connection.begin_nested() as savepoint:
        with pytest.raises(IntegrityError, match="approver_records_one_current"):
            await connection.execute(store.approver_records.insert(), twice)
        await savepoint.rollback()


async def test_a_refresh_takes_over_what_the_directory_says(connection):
    await store.save(connection, [ADA, BEN, CLEO], "ben")
    users = {"1": Person("1", erp_integrated_accountant=False), "9": Person("9")}
    result = await refresh(connection, "4907", users, "clock")
    assert result.absent == ("2",)
    after = await store.current(connection, "4907", ["1", "2", "9"])
    assert after == {
        "1": replace(ADA, can_push_to_accounting=False, source="procore_api"),
        "2": replace(BEN, active=False, source="procore_api"),
    }


async def test_a_directory_without_anybody_recorded_changes_nothing(connection):
    await store.save(connection, [ADA], "ben")
    with pytest.raises(NoApproverInDirectoryError):
        await refresh(connection, "4907", {"9": Person("9")}, "clock")
    assert await store.all_current(connection) == [ADA]


async def test_an_imported_file_is_listed(command):
    rows = f"4907,1,Ada,,Standard,yes,{YESTERDAY.date()}\n4907,2,[red]Ben\x1b[31m,,Admin,no,2026-01-01\n"
    imported = await command("import", "FILE", csv=HEADER + rows)
    assert (imported.exit_code, imported.stderr) == (0, "")
    assert imported.stdout == "approvers: 2 added, 0 changed, 0 refreshed, 0 unchanged, 0 older\n"
    listed = json.loads((await command("list", "--json")).stdout)
    assert [(row["user_id"], row["may_export"]) for row in listed] == [("1", True), ("2", False)]
    assert listed[1]["problems"] == ["approver_record_stale", "approver_lacks_privilege"]
    table = (await command("list", "--company", "4907")).stdout
    assert "[red]Ben?[31m" in table
    assert json.loads((await command("list", "--company", "1", "--json")).stdout) == []


async def test_a_dry_run_counts_and_writes_nothing(command):
    ran = await command("import", "FILE", "--dry-run", csv=HEADER + "4907,1,Ada,,Standard,yes,\n")
    assert ran.stdout.startswith("approvers: 1 added")
    assert "dry run" in ran.stdout
    assert json.loads((await command("list", "--json")).stdout) == []


async def test_a_bad_file_is_refused_as_a_whole(command):
    refused = await command("import", "FILE", csv=HEADER + "4907,1,Ada,,Standard,yes,\n4907,2,Ben,,owner,no,\n")
    assert refused.exit_code == 2
    assert "erp_integrations_level" in refused.stderr
    assert "nothing was imported; problems: 1" in refused.stderr
    assert json.loads((await command("list", "--json")).stdout) == []


async def test_what_is_kept_as_newer_is_named(command):
    await command("import", "FILE", csv=HEADER + "4907,1,Ada,,Standard,yes,\n")
    again = await command("import", "FILE", csv=HEADER + "4907,1,Ada,,Admin,yes,2026-01-01\n")
    assert "recorded later: 1." in again.stdout


@pytest.fixture
async def procore(monkeypatch):
    async with serving(create_app()) as url, SandboxControl(url) as control:
        for name, value in zip(
            ("API_URL", "LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET"), (url, url, *LOG_IN), strict=True
        ):
            monkeypatch.setenv(f"PROCORE_{name}", value)
        yield control


async def test_who_left_procore_is_refreshed_by_command(command, procore):
    company = str(await procore.create_company(name="Ironside Builders"))
    ada = await procore.create_user(company_id=company, name="Ada", erp_integrated_accountant=True)
    await command(
        "import", "FILE", csv=HEADER + f"{company},{ada},Ada,,Standard,yes,\n{company},999999,Ben,,Admin,yes,\n"
    )
    await procore.edit_user(ada, erp_integrated_accountant=False)
    words = ("refresh", "--company", company)
    tried = await command(*words, "--dry-run")
    assert tried.stdout.splitlines() == [
        f"{ada}: can_push_to_accounting True -> False, source csv -> procore_api",
        "999999: active True -> False, source csv -> procore_api",
        "No longer in the directory: 999999",
        "approvers: 2 changed (dry run: nothing was written)",
    ]
    assert (await command(*words)).stdout.splitlines()[-1] == "approvers: 2 changed"
    assert (await command(*words)).stdout.splitlines()[-1] == "approvers: 0 changed"


async def test_a_directory_of_strangers_is_one_line(command, procore):
    company = str(await procore.create_company(name="Ironside Builders"))
    await command("import", "FILE", csv=HEADER + f"{company},999999,Ben,,Admin,yes,\n")
    failed = await command("refresh", "--company", company)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert "shows none of the recorded people" in failed.stderr


async def test_a_company_that_is_no_id_is_one_line(command, procore):
    failed = await command("refresh", "--company", "acme")
    assert failed.exit_code == 1
    assert len(failed.stderr.splitlines()) == 1


async def test_a_database_that_is_down_is_one_line(command, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    failed = await command("list")
    assert failed.exit_code == 1
    assert failed.stderr.startswith("The database could not do it")
    assert "hunter2" not in failed.stderr


async def test_a_missing_address_is_one_line(command, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    failed = await command("list")
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert "DATABASE_URL is missing" in failed.stderr
