"""What a person asks of an export goes through Kafka to a real worker, and its answer comes back."""

import asyncio
import contextlib

import pytest
from sqlalchemy import text

from services.export_worker.worker import Worker, WorkerServiceSettings
from shared.kafka.topics import create_topics
from shared.ledger.words import Status
from shared.settings import KafkaSettings, load
from tests.support.database import execute
from tests.support.ledgers import an_export, held_for

WHY = ("--reason", "the customer called")
PATIENTLY = ("--wait", "60")


@pytest.fixture
async def broker(kafka_broker, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_broker.address)
    for limit in kafka_broker.limits:
        if "idempoten" in limit:
            monkeypatch.setenv("KAFKA_ENABLE_IDEMPOTENCE", "false")
    await create_topics(load(KafkaSettings))


@pytest.fixture
async def held(worker_engine):
    """An export that needs a person, from before the worker started: nothing is due."""
    return await an_export(worker_engine, held_for())


@pytest.fixture
def status(worker_engine, held):
    async def status():
        async with worker_engine.connect() as connection:
            return await connection.scalar(text("SELECT status FROM exports WHERE id = :id"), {"id": held})

    return status


@pytest.fixture
async def worker(held, broker, command, monkeypatch):
    """Runs until the test ends. Procore does not answer it, which following a command does not need."""
    for name in ("API_URL", "LOGIN_URL"):
        monkeypatch.setenv(f"PROCORE_{name}", "http://127.0.0.1:1")
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"PROCORE_{name}", "ours")
    running = asyncio.create_task(Worker(load(WorkerServiceSettings)).run())
    yield running
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_replay_is_followed_and_told(worker, held, command):
    done = await command("exports", "replay", held, *WHY, *PATIENTLY)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "Followed."
    assert f"Export {held}:" in done.stdout
    shown = (await command("exports", "show", held)).stdout
    assert "replay_accepted" in shown
    assert "the customer called" in shown
    assert "Asked: replay by cli:" in shown


@pytest.mark.parametrize("how", [(["--exported", "AR-77"], Status.EXPORTED), (["--dismiss"], Status.SKIPPED)], ids=str)
async def test_an_invoice_is_resolved_by_hand(worker, held, status, command, how):
    words, becomes = how
    done = await command("exports", "resolve", held, *words, *WHY, *PATIENTLY)
    assert (done.exit_code, done.stderr) == (0, "")
    assert await status() == becomes


async def test_a_release_carries_its_role(worker, held, command):
    done = await command("exports", "release", held, "--user-id", "1", *WHY, *PATIENTLY)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "for Procore user 1: the customer called" in (await command("exports", "show", held)).stdout


@pytest.mark.parametrize(
    "answer",
    [
        (["confirm", "--erp-number", "AR-1"], "nothing was handed over, or the ERP's number is missing"),
        (["accept"], "the ERP has not asked that"),
        (["replay", "--afresh", "--invoice-number", "7"], "the invoice number that was typed is not this invoice's"),
    ],
    ids=["confirm", "accept", "replay afresh"],
)
async def test_what_is_refused_says_why(worker, held, status, command, answer):
    (name, *options), refusal = answer
    refused = await command("exports", name, held, *options, *WHY, *PATIENTLY)
    assert (refused.exit_code, refused.stdout, refused.stderr) == (1, "", f"Refused: {refusal}.\n")
    assert await status() == Status.HELD


async def test_a_command_under_another_key_is_refused(worker, held, command, monkeypatch):
    monkeypatch.setenv("COMMAND_SIGNING_KEY", "the key of a stranger")
    refused = await command("exports", "replay", held, *WHY, *PATIENTLY)
    assert (refused.exit_code, refused.stderr) == (1, "Refused: the signature is not ours.\n")


async def test_no_answer_yet_has_its_own_code(broker, database_url, worker_engine, command):
    # An id of its own: the command stays in Kafka, for the workers of other tests to read.
    execute(database_url, "ALTER TABLE exports ALTER COLUMN id RESTART WITH 700001")
    export_id = await an_export(worker_engine, held_for())
    unanswered = await command("exports", "replay", export_id, *WHY, "--wait", "0.5")
    assert unanswered.exit_code == 3
    assert "is the worker running?" in unanswered.stderr


async def test_a_broker_that_is_away_is_one_line(worker_engine, command, monkeypatch):
    monkeypatch.setattr("services.cli.asking.SEND_SECONDS", 0.5)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    export_id = await an_export(worker_engine, held_for())
    failed = await command("exports", "replay", export_id, *WHY)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Kafka did not take it (no connection within 0.5 s).")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["replay", "1", "--afresh"], "--afresh needs --invoice-number"),
        (["resolve", "1"], "Say either --exported with the ERP's number, or --dismiss."),
        (["resolve", "1", "--dismiss", "--exported", "AR-1"], "Say either --exported"),
    ],
    ids=" ".join,
)
async def test_what_cannot_be_meant_is_not_asked(command, words, line):
    stopped = await command("exports", *words, *WHY)
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert stopped.stderr.startswith(line)


async def test_an_unknown_export_is_not_asked(command, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    failed = await command("exports", "replay", 99, *WHY)
    assert (failed.exit_code, failed.stderr) == (1, "There is no export 99.\n")
