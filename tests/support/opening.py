"""Builds a house, furnishes it, and proves at its end that nothing stands twice and the ledger is whole."""

import dataclasses
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.local.parts import Part
from deploy.sandbox.procore.app import create_app as create_procore
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.sandbox import Options
from deploy.sandbox.procore.server import serving
from services.export_worker.worker import WorkerServiceSettings
from services.webhook_receiver.app import ReceiverSettings
from shared.approvers.record import ToolLevel
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.kafka.producer import Producer
from shared.ledger.verification import Verification
from shared.settings import KafkaSettings
from tests.support.house import CLIENT, CONCRETE, OWNER, House
from tests.support.house_parts import CONNECTION, Secrets, Workers, logged, running_receiver, write_connection
from tests.support.ledger_view import LedgerView, viewing

PEOPLE = ("ada", "ben", "cleo")
UNFURNISHED = dict.fromkeys(("project", "contract", *PEOPLE), 0)

companies = itertools.count(secrets.randbelow(10**9) * 1000 + 1)


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    database_url: str,
    broker: Part,
    erp_url: str,
    erp: dict[str, Any] | None = None,
    **connection: Any,
) -> AsyncIterator[House]:
    """`erp` are settings of the adapter, `connection` changes to the connection. The first worker runs."""
    planted, company = Secrets(), next(companies)
    async with AsyncExitStack() as stack:
        log = stack.enter_context(logged())
        options = Options(
            client_id=CLIENT, client_secret=planted.procore_secret, hourly_limit=100_000, spike_limit=100_000
        )
        procore_url = await stack.enter_async_context(serving(create_procore(options)))
        procore = await stack.enter_async_context(SandboxControl(procore_url))
        control = await stack.enter_async_context(ErpControl(erp_url))
        book = f"book-{company}"
        await control.set_up(book, client_secret=planted.erp_secret)
        our_user = (await procore.service_account(CLIENT))["user_id"]
        given: dict[str, Any] = {
            "database_url": database_url,
            "kafka_bootstrap_servers": [broker.address],
            "kafka_enable_idempotence": not broker.limits,
            "procore_api_url": procore_url,
            "procore_login_url": procore_url,
            "procore_client_id": CLIENT,
            "procore_client_secret": planted.procore_secret,
            "procore_service_user_ids": [str(our_user)],
            "procore_webhook_tokens": planted.webhook_token,
            "command_signing_key": planted.signing_key,
            "ledger_seal_key": planted.seal_key,
            "connections_file": write_connection(
                folder,
                company=company,
                erp_url=erp_url,
                book=book,
                secret=planted.erp_secret,
                erp=erp or {},
                **connection,
            ),
        }
        workers = Workers(WorkerServiceSettings(**given))
        workers.start()
        stack.push_async_callback(workers.stop)
        receiver_url = await stack.enter_async_context(running_receiver(ReceiverSettings(**given)))
        kafka = Producer(KafkaSettings(**given), client_id="test")
        stack.push_async_callback(kafka.stop)
        await kafka.start()
        view = await stack.enter_async_context(viewing(database_url, company))
        house = House(
            company=company,
            **UNFURNISHED,
            our_user=our_user,
            book=book,
            database_url=database_url,
            erp_url=erp_url,
            procore_url=procore_url,
            receiver_url=receiver_url,
            procore=procore,
            erp=control,
            view=view,
            kafka=kafka,
            workers=workers,
            secrets=planted,
            log=log,
        )
        house = await furnish(house, CONNECTION)
        await kafka.wait_connected()
        yield house
        await workers.stop()
        await _nothing_is_double_or_broken(house)


async def _nothing_is_double_or_broken(house: House) -> None:
    """Law 1 and law 8, whatever the story was."""
    references = [known.content.external_reference for known in await house.receivables()]
    assert len(references) == len(set(references)), f"several receivables under one reference: {references}"
    assert [str(broken) async for broken in Verification(house.view.engine).breaks()] == []


async def furnish(house: House, connection: str) -> House:
    """Its company with a project, a contract, recorded people, a mapped owner and a hook."""
    procore, company = house.procore, house.company
    await procore.create_company(id=company, name="Ironside Builders")
    project = await procore.create_project(company_id=company)
    contract = await procore.create_contract(project_id=project, client_name=OWNER, lines=[CONCRETE])
    people = {name: await procore.create_user(company_id=company, name=name.title()) for name in PEOPLE}
    house = dataclasses.replace(house, project=project, contract=contract, **people)
    await house.record(house.ada)
    await house.record(house.ben, can_push_to_accounting=False)
    await house.record(house.cleo, erp_integrations_level=ToolLevel.READ_ONLY)
    await _map(house.view, connection)
    await house.hook(project)
    return house


async def _map(view: LedgerView, connection: str) -> None:
    customer = Mapping(kind=MappingKind.CUSTOMER, procore_name=OWNER, erp_id="C-100")
    async with view.engine.begin() as session:
        await mapping_store.save(session, [MappingRow(connection, customer)], "controller")
