"""What the doctor sees, well and ill."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.cli.diagnosis.check import Result
from services.cli.diagnosis.clocks import clock_check
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.store import save
from shared.kafka.topics import create_topics
from shared.ledger.entries import FollowUpFailed
from shared.ledger.words import Reason
from shared.settings import KafkaSettings, load
from tests.support.command_line import answered
from tests.support.database import execute
from tests.support.ledgers import a_look, an_export, exported, held_for

NOON = datetime(2026, 9, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def house(procore, connections_file, kafka_broker, monkeypatch):
    """Everything that a worker needs, with one project to see."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_broker.address)
    company = await procore.create_company(name="Ironside Builders")
    await procore.create_project(company_id=company, name="Library")
    connections_file(company=str(company))
    await create_topics(load(KafkaSettings))
    return str(company)


@pytest.fixture
def diagnose(command):
    async def diagnose(code):
        seen = await command("doctor", "--json")
        assert seen.exit_code == code, seen.output
        return {check["name"]: check for check in answered(seen)}

    return diagnose


async def test_a_house_in_order_has_no_failure(house, diagnose):
    checks = await diagnose(0)
    results = {check["result"] for check in checks.values()}
    assert Result.FAILED not in results
    assert checks["database: migrated"]["result"] == "ok"
    assert checks["ledger: append-only"]["result"] == "ok"
    assert checks["connections: harbor-sandbox"]["result"] == "ok"
    assert checks["kafka: invoice.commands.v1"]["result"] == "ok"
    assert checks["procore: log-in"]["result"] == "ok"
    assert "1 projects: Library" in checks["procore: harbor-sandbox"]["told"]
    assert checks["clock: procore"]["result"] == "ok"
    assert checks["rights: harbor-sandbox, owner invoices"]["result"] == "ok"
    assert {"result": "attention", "told": "Library: there is none"}.items() <= checks["hooks: harbor-sandbox"].items()
    assert checks["receiver"]["told"] == "RECEIVER_URL is not set"
    assert checks["mappings: harbor-sandbox"]["told"] == "no customer is mapped"
    assert checks[f"approvers: company {house}"]["told"].startswith("0 of 0 may export")
    assert {"result": "attention"}.items() <= checks["settings: receiver"].items()


async def test_the_table_names_check_result_and_remedy(house, command):
    shown = await command("doctor")
    assert shown.exit_code == 0
    for word in ("ledger: append-only", "ok", "map it: `invoice-export mappings import`"):
        assert word in shown.stdout


async def test_what_waits_for_a_person_is_named(house, diagnose, worker_engine, owner_engine):
    await an_export(worker_engine, held_for(Reason.MISSING_MAPPING, a_look(customer_name="Ironside Steel")))
    stale = ApproverRecord(
        company_id=house,
        user_id="1",
        name="Ada",
        email="",
        erp_integrations_level=ToolLevel.ADMIN,
        can_push_to_accounting=True,
        can_export_owner_invoices=None,
        active=True,
        recorded_at=datetime.now(UTC) - timedelta(days=31),
        recorded_by="test",
        source="csv",
    )
    async with owner_engine.begin() as connection:
        await save(connection, [stale], "test")
        await connection.execute(
            text("INSERT INTO parked_events (topic, value, headers, reason) VALUES ('t', 'v', '[]', 'r')")
        )
    checks = await diagnose(0)
    assert checks["mappings: harbor-sandbox"]["told"] == "exports wait for mappings of Ironside Steel"
    told = checks[f"approvers: company {house}"]["told"]
    assert told == "0 of 1 may export, 1 records are older than 30 days"
    assert checks["webhooks: parked"]["told"].startswith("1 since ")


async def test_dead_letters_are_told_with_where_to_read(house, diagnose, owner_engine):
    async with owner_engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO events (event_id, fate, detail, topic, partition, position, received_at, raw)"
                " VALUES ('e', 'dead_lettered', 'not JSON', 't', 0, 0, now(), 'x')"
            )
        )
    check = (await diagnose(0))["webhooks: dead letters"]
    assert (check["result"], check["told"]) == ("attention", "1 in 7 days; not JSON")
    assert check["todo"] == "read them: docs/runbook.md#dead-letters"


async def test_what_was_given_up_after_an_export_is_named(house, diagnose, worker_engine):
    look = a_look(billing_date=datetime.now(UTC).date())
    await an_export(worker_engine, *exported(look), FollowUpFailed(what="attachment", detail="not permitted"))
    check = (await diagnose(0))["exports: follow-ups"]
    assert (check["result"], check["told"]) == ("attention", "given up: 1 of harbor-sandbox")


async def test_a_trigger_that_is_off_is_found(house, diagnose, database_url):
    execute(database_url, "ALTER TABLE entries DISABLE TRIGGER entries_are_append_only")
    assert "entries_are_append_only" in (await diagnose(1))["ledger: append-only"]["told"]


async def test_a_database_without_tables_is_found(house, diagnose, empty_database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    checks = await diagnose(1)
    assert checks["database: migrated"]["told"].startswith("at nothing")
    assert "db upgrade" in checks["database: migrated"]["todo"]


async def test_what_is_away_does_not_hide_the_rest(house, diagnose, connections_file, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("PROCORE_CLIENT_SECRET", "wrong")
    monkeypatch.delenv("ERP_SECRET")
    checks = await diagnose(1)
    ill = {name for name, check in checks.items() if check["result"] == "failed"}
    assert ill == {"database: reachable", "kafka: reachable", "procore: log-in", "connections: harbor-sandbox"}
    assert "hunter2" not in str(checks)


async def test_a_procore_that_is_away_is_no_wrong_log_in(house, diagnose, monkeypatch):
    monkeypatch.setenv("PROCORE_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PROCORE_LOGIN_URL", "http://127.0.0.1:1")
    checks = await diagnose(1)
    assert {checks[name]["result"] for name in ("clock: procore", "procore: harbor-sandbox")} == {"failed"}
    assert checks["procore: log-in"]["result"] == "skipped"


async def test_nothing_set_at_all_is_told_line_by_line(diagnose, monkeypatch):
    for name in ("DATABASE_URL", "CONNECTIONS_FILE", "COMMAND_SIGNING_KEY", "LEDGER_SEAL_KEY"):
        monkeypatch.delenv(name)
    checks = await diagnose(1)
    assert checks["settings: database"]["told"].startswith("DATABASE_URL is missing")
    assert {checks[name]["result"] for name in ("database", "kafka", "procore", "connections")} == {"skipped"}


async def test_a_project_that_cannot_be_seen_is_found(house, diagnose, connections_file):
    connections_file(
        '[[connection]]\nname = "acme"\ncompany_id = {company}\nproject_ids = [1]\nadapter = "erp_sandbox"\n'
        'settings = {{ url = "http://127.0.0.1:1", book = "b" }}\nsecrets = {{ client_secret = "env:ERP_SECRET" }}\n',
        company=house,
    )
    assert (await diagnose(1))["procore: acme"]["told"] == f"cannot see projects 1 of company {house}"


async def test_a_wrong_connections_file_is_told(house, diagnose, connections_file):
    connections_file('[[connection]]\nname = "acme"\nadapter = "erp_sandbox"\n')
    assert "company_id: is missing" in (await diagnose(1))["connections: file"]["told"]


@pytest.mark.parametrize(
    ("there", "result", "told"),
    [
        (NOON + SECOND / 2, Result.OK, "agrees"),
        (NOON - 5 * SECOND, Result.OK, "agrees"),
        (NOON + 8 * SECOND, Result.FAILED, "7 s ahead of"),
        (NOON - 7 * SECOND, Result.FAILED, "6 s behind"),
    ],
    ids=["same", "within a second", "ahead", "behind"],
)
def test_a_clock_is_compared_within_what_is_known(there, result, told):
    check = clock_check("clock", there, NOON, NOON + SECOND, SECOND)
    assert check.result is result
    assert told in check.told
