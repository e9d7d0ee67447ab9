"""A real Tryton 8.2 on SQLite, as it comes: it posts an invoice in about a second, one after the other."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.sandbox.demo.erps.connected import (
    Environment,
    Posted,
    Row,
    connection_table,
    customer_and_job,
    project_of,
    secret_file,
)
from deploy.sandbox.local.services import Service
from deploy.sandbox.tryton import start
from deploy.sandbox.tryton.oracle import Oracle
from deploy.sandbox.tryton.seeding import RETAINAGE_ACCOUNT, REVENUE_ACCOUNT
from deploy.sandbox.tryton.server import RunningTryton


class TrytonErp:
    """It is started before the stack, by `running`, and told to the stack's processes by variables."""

    connection = "meridian-tryton"
    service: Service | None = None

    def __init__(self) -> None:
        self.tryton: RunningTryton | None = None

    @contextmanager
    def running(self, folder: Path) -> Iterator[dict[str, str]]:
        """The variables that say where it is. The first start on a machine installs it: about a minute."""
        owner = project_of(self.connection).owner
        with start(folder, parties={owner.customer: owner.name}) as self.tryton:
            yield {
                "TRYTON_URL": self.tryton.url,
                "TRYTON_DATABASE": self.tryton.database,
                "TRYTON_USER": self.tryton.user,
                "TRYTON_PASSWORD": self.tryton.password,
            }

    def table(self, environment: Environment) -> str:
        settings = {
            "url": environment["TRYTON_URL"],
            "database": environment["TRYTON_DATABASE"],
            "user": environment["TRYTON_USER"],
            "revenue_account": REVENUE_ACCOUNT,
            "retainage_account": RETAINAGE_ACCOUNT,
            # A month is billed on its last day, and approved before: Tryton would ask each time.
            "accepted_warnings": ["invoice_payment_term", "invoice_date_future"],
        }
        secrets = {"password": secret_file(environment, "tryton-password", environment["TRYTON_PASSWORD"])}
        return connection_table(self, "tryton", settings, secrets, "concurrency = 1")

    def mappings(self) -> list[Row]:
        return customer_and_job(self)

    async def posted(self, _: Environment) -> list[Posted]:
        return await asyncio.to_thread(self.read)

    def read(self) -> list[Posted]:
        """From its own list and its general ledger, without the adapter's code."""
        if self.tryton is None:
            return []
        oracle = Oracle(self.tryton)
        try:
            return [Posted(one.reference, one.number or "", one.due) for one in oracle.posted()]
        finally:
            oracle.close()
