"""Brings the evidence together, each part from whoever knows it. Of the product only its tables and topics are read."""

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.sandbox.tryton.oracle import Oracle
from tests.chaos.checker.evidence import (
    Approval,
    Delivery,
    Entry,
    Evidence,
    Invoice,
    Receivable,
    Rights,
    Row,
    Told,
)
from tests.chaos.ground import Ground
from tests.chaos.journal import Journal
from tests.chaos.office import Office
from tests.chaos.plan import BOOKS, COMPANIES, TRYTON, Kind

EVENTS = ("procore.webhooks.v1", "procore.webhooks.dead-letter.v1")
EXPORTS = "invoice.exports.v1"
GROUP = "export-worker"
UNFENCED = "loose"
HELD_BACK = Decimal("0.10")


async def gather(ground: Ground, office: Office, journal: Journal) -> Evidence:
    """After the run came to rest, or should have."""
    history = await office.procore.history()
    names = {str(company.id): name for name, company in office.companies.items()}
    records = await _records(ground)
    ledger = await asyncpg.connect(ground.environment()["DATABASE_URL"])
    try:
        rows = [_row(each, names) for each in await ledger.fetch("SELECT * FROM exports ORDER BY id")]
        entries = [_entry(each) for each in await ledger.fetch("SELECT * FROM entries ORDER BY export_id, seq")]
        parked = await ledger.fetchval("SELECT count(*) FROM parked_events")
        leases = await ledger.fetchval("SELECT count(*) FROM work WHERE lease_until > now()")
    finally:
        await ledger.close()
    receivables = [each for book in BOOKS for each in await _of_book(office, book)]
    in_tryton, wrong = _of_tryton(ground)
    return Evidence(
        invoices=_invoices(journal, history["changes"]),
        receivables=[*receivables, *in_tryton],
        rights=_rights(journal, office),
        delivered=_delivered(history["deliveries"]),
        recorded_events=frozenset(record for topic in EVENTS for record in records[topic]),
        parked=parked,
        rows=rows,
        entries=entries,
        told=[Told(said["export_id"], said["seq"], datetime.fromisoformat(said["at"])) for said in records[EXPORTS]],
        leases=leases,
        pending=0 if await office.procore.is_idle() else 1,
        lag=await _lag(ground),
        fenced=_fenced(journal),
        verified=_verified(ground),
        tally={TRYTON: wrong} if wrong else {},
    )


def _invoices(journal: Journal, changes: list[dict[str, Any]]) -> dict[str, Invoice]:
    """From Procore's history; how things stood when somebody approved, as its answer to them had it."""
    drafted = {str(line["invoice"]): line for line in journal.lines if line["what"] == "drafted"}
    approvals: dict[str, list[Approval]] = defaultdict(list)
    withdrawn: dict[str, list[datetime]] = defaultdict(list)
    for line in journal.lines:
        key, at = str(line.get("invoice")), datetime.fromisoformat(line["at"])
        if line["what"] == "approved":
            approvals[key].append(Approval(at, line["user"], Decimal(line["due"])))
        elif line["what"] == "withdrawn":
            withdrawn[key].append(at)
    statuses = {
        str(each["invoice_id"]): "deleted" if each["kind"] == "deleted" else each["status_after"] for each in changes
    }
    told = Counter(str(each["invoice_id"]) for each in changes if _is_approval(each))
    for key, seen in approvals.items():
        if told[key] != len(seen):
            raise RuntimeError(f"invoice {key}: Procore tells {told[key]} approvals, its people made {len(seen)}")
    return {
        key: Invoice(
            id=key,
            company=line["company"],
            contract=line["contract"],
            number=line["number"],
            status=statuses[key],
            approvals=tuple(approvals[key]),
            withdrawn=tuple(withdrawn[key]),
        )
        for key, line in drafted.items()
    }


def _fenced(journal: Journal) -> frozenset[str]:
    """Where not even a worker that was stopped and woken can leave a second draft: everywhere, if none was."""
    froze = any(line["what"] == "strikes" and line["fault"] == Kind.FREEZE for line in journal.lines)
    return frozenset(COMPANIES) - ({UNFENCED} if froze else set())


def _is_approval(change: dict[str, Any]) -> bool:
    return (change["kind"], change["status_after"]) == ("status", "approved")


def _rights(journal: Journal, office: Office) -> list[Rights]:
    moments = {line["what"]: datetime.fromisoformat(line["at"]) for line in journal.lines}
    begin = datetime.fromisoformat(journal.lines[0]["at"])
    rights = []
    for company in office.companies.values():
        for who, person in company.people.items():
            rights.append(Rights(person.id, who != "nora", begin, begin))
            if who == "rex" and "revoking" in moments:
                rights.append(
                    Rights(person.id, False, moments["revoking"], moments.get("revoked", moments["revoking"]))
                )
    return rights


def _delivered(deliveries: list[dict[str, Any]]) -> list[Delivery]:
    taken = [each for each in deliveries if each["response_status"] and 200 <= each["response_status"] < 300]
    return [Delivery(_event_id(each["event"]), str(each["event"].get("resource_id"))) for each in taken]


def _event_id(event: dict[str, Any]) -> str:
    return str(event.get("ulid") or event["id"])


def _row(each: asyncpg.Record, names: dict[str, str]) -> Row:
    return Row(
        id=each["id"],
        company=names.get(each["company_id"], each["company_id"]),
        company_id=each["company_id"],
        invoice=each["payment_application_id"],
        status=each["status"],
        reasons=tuple(each["reasons"]),
        version=each["version"],
        last_hash=each["last_hash"],
    )


def _entry(each: asyncpg.Record) -> Entry:
    return Entry(
        export=each["export_id"],
        seq=each["seq"],
        kind=each["kind"],
        at=each["at"],
        body=json.loads(each["body"]),
        status_before=each["status_before"],
        status=each["status"],
        previous_hash=each["previous_hash"],
        hash=each["hash"],
    )


async def _of_book(office: Office, book: str) -> list[Receivable]:
    return [
        Receivable(
            company=book,
            id=each.id,
            reference=each.content.external_reference,
            is_posted=each.state == "posted",
            total=each.totals.receivable,
            created_at=each.created_at,
            order=int(each.number.rpartition("-")[2]) if each.number else 0,
        )
        for each in await office.erp.documents(book)
        if each.state in {"draft", "posted"}
    ]


def _of_tryton(ground: Ground) -> tuple[list[Receivable], str]:
    """Its customer invoices, and what is wrong with its general ledger."""
    oracle = Oracle(ground.tryton)
    try:
        posted = {each.id for each in oracle.posted()}
        found = [each for each in oracle.invoices() if each.state != "cancelled"]
        sums, gaps = oracle.sums(), oracle.numbers_missing()
    finally:
        oracle.close()
    due = sum((each.due for each in found if each.id in posted), Decimal(0))
    problems = [f"numbers are missing: {', '.join(gaps)}"] if gaps else []
    if sums.receivable != due or not sums.is_balanced:
        problems.append(f"the general ledger's receivables are {sums.receivable}, its invoices {due}")
    if sums.retainage != -sums.revenue * HELD_BACK:
        problems.append(f"{sums.retainage} of retainage is held of a revenue of {-sums.revenue}")
    receivables = [
        Receivable(
            company=TRYTON,
            id=str(each.id),
            reference=each.reference,
            is_posted=each.id in posted,
            total=each.due,
            created_at=None,
            order=int(each.number.rpartition("-")[2]) if each.number else 0,
        )
        for each in found
    ]
    return receivables, "; ".join(problems)


async def _records(ground: Ground) -> dict[str, list[Any]]:
    """Of each topic from its begin: ids of events, and what was told of exports."""
    found: dict[str, list[Any]] = {}
    for topic in (*EVENTS, EXPORTS):
        parts = await _parts(ground, topic)
        async with _consumer(ground) as consumer:
            consumer.assign(parts)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(parts)
            found[topic] = []
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    found[topic] += [_said(topic, record) for record in batch]
    return found


async def _parts(ground: Ground, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=ground.kafka.bootstrap)
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return [TopicPartition(topic, each["partition"]) for each in described["partitions"]]


@asynccontextmanager
async def _consumer(ground: Ground, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ground.kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, **options
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def _said(topic: str, record: Any) -> Any:
    if topic == EXPORTS:
        return json.loads(record.value)
    headers = dict(record.headers)
    return headers[b"ce_id" if b"ce_id" in headers else "ce_id"].decode() if headers else ""


async def _lag(ground: Ground) -> int:
    parts = await _parts(ground, EVENTS[0])
    async with _consumer(ground, group_id=GROUP) as consumer:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        return sum([ends[part] - ((await consumer.committed(part)) or 0) for part in parts])


def _verified(ground: Ground) -> str:
    try:
        ground.run("ledger", "verify")
    except AssertionError as error:
        return str(error)
    return ""
