"""The people of a run: who draft, approve and change their mind in Procore, and who replay by hand."""

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.tryton.seeding import RETAINAGE_ACCOUNT, REVENUE_ACCOUNT
from tests.chaos.ground import CUSTOMER, CUSTOMER_CODE, Ground
from tests.chaos.journal import Journal
from tests.chaos.plan import BOOKS, COMPANIES, TRYTON, Bill, Contract, Plan, Tale

SCHEDULED = "90000000.00"
RULES: dict[str, dict[str, Any]] = {
    "rigid": {"unique_reference": True},
    "replaying": {"replay_key": True},
    "loose": {},
}
# Procore's payload versions are mixed.
VERSIONS = {"rigid": "v2.0", "replaying": "v4.0", "loose": "v4.0", TRYTON: "v2.0"}
OPERATORS = ("Olga", "Otto")
ALL = 100


@dataclass
class Person:
    """Somebody of Procore, with what is recorded of their rights."""

    id: int
    level: str
    may_push: bool


@dataclass
class Company:
    """One of them, with its people by name."""

    id: int
    people: dict[str, Person]


class Office:
    """Everything that people do."""

    def __init__(self, ground: Ground, procore: SandboxControl, erp: ErpControl, journal: Journal, plan: Plan) -> None:
        self.ground = ground
        self.procore = procore
        self.erp = erp
        self.journal = journal
        self.plan = plan
        self.companies: dict[str, Company] = {}
        self._contracts: dict[Contract, int] = {}
        self._tokens: list[str] = []

    # Before

    async def furnish(self) -> None:
        """Companies, projects, people, contracts; connections, approvers, mappings, hooks."""
        for name in COMPANIES:
            await self._found(name)
        self.ground.connections.write_text("\n".join(map(self._connection, COMPANIES)), encoding="utf-8")
        for name in COMPANIES:
            await self._record(name)
        mappings = [("connection", "kind", "procore_name", "erp_id", "note")]
        mappings += [(name, "customer", CUSTOMER, CUSTOMER_CODE, "") for name in COMPANIES]
        await self.command("mappings", "import", str(_csv(self.ground.folder / "mappings.csv", mappings)))
        for name in OPERATORS:
            added = await self.command("accounts", "tokens", "add", name, "--role", "operator")
            self._tokens.append(added.split()[0])

    async def hang_hooks(self) -> None:
        """As an administrator does it, once the receiver answers."""
        url = self.ground.over("procore-receiver")
        for name, version in VERSIONS.items():
            await self.command("hooks", "provision", "--connection", name, "--payload-version", version, "--url", url)

    # During

    async def work(self) -> None:
        """Every contract's invoices, each at its time."""
        async with asyncio.TaskGroup() as group:
            for contract in self.plan.contracts:
                group.create_task(self._bill(contract))

    async def work_on(self, approvals: int) -> None:
        """One more invoice each in so many contracts in which nothing is held."""
        open_ones = [each for each in self.plan.contracts if each.bills[-1].tale is Tale.PLAIN]
        async with asyncio.TaskGroup() as group:
            for contract in open_ones[:approvals]:
                bill = Bill(at=0, tale=Tale.PLAIN, amount=1000, gap=0)
                group.create_task(self._tell(contract, len(contract.bills) + 1, bill))

    async def revoke(self) -> None:
        """Rex may not export any more, in any company."""
        self.journal.note("revoking")
        for name in COMPANIES:
            self.companies[name].people["rex"].may_push = False
            await self._record(name)
        self.journal.note("revoked")

    async def replay_twice(self, statuses: Sequence[str] = ("failed", "held", "retrying")) -> int:
        """Two operators ask for the same exports at the same moment; for how many."""
        base = f"{self.ground.address('dashboard')}/api/v1"
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as http:

            async def ask(export_id: int, token: str) -> None:
                headers = {"Authorization": f"Bearer {token}"}
                url = f"{base}/exports/{export_id}/replays"
                try:
                    await http.post(url, json={"why": "it is put right"}, headers=headers)
                except httpx.HTTPError as error:
                    self.journal.note("replay lost", export=export_id, why=type(error).__name__)

            query = {"status": list(statuses)}
            try:
                said = await http.get(
                    f"{base}/exports", params=query, headers={"Authorization": f"Bearer {self._tokens[0]}"}
                )
                said.raise_for_status()
            except httpx.HTTPError as error:
                self.journal.note("listing lost", why=type(error).__name__)
                return 0
            wanted = [row["id"] for row in said.json()["exports"]][:ALL]
            async with asyncio.TaskGroup() as group:
                for export_id in wanted:
                    for token in self._tokens:
                        group.create_task(ask(export_id, token))
            self.journal.note("replayed twice", exports=len(wanted))
            return len(wanted)

    # One of each

    async def _bill(self, contract: Contract) -> None:
        for number, bill in enumerate(contract.bills, start=1):
            await asyncio.sleep(max(0, bill.at - self.journal.seconds))
            await self._tell(contract, number, bill)

    async def _tell(self, contract: Contract, number: int, bill: Bill) -> None:
        people = self.companies[contract.company].people
        lines = [{"description": "Concrete", "work_this_period": f"{bill.amount}.00"}]
        invoice = await self.procore.create_invoice(
            contract_id=self._contracts[contract], lines=lines, user_id=people["ada"].id
        )
        place = {"company": contract.company, "contract": self._contracts[contract], "number": number}
        self.journal.note("drafted", invoice=invoice, tale=bill.tale, **place)
        who = {Tale.UNRIGHTED: "nora", Tale.REVOKED: "rex"}.get(bill.tale, "ada")
        await self._approve(invoice, contract.company, who)
        if bill.tale in {Tale.RETHOUGHT, Tale.CHANGED}:
            await asyncio.sleep(bill.gap)
            await self.procore.revise(invoice, user_id=people["ada"].id)
            self.journal.note("withdrawn", invoice=invoice)
            await asyncio.sleep(bill.gap)
            if bill.tale is Tale.CHANGED:
                more = [{"description": "Concrete", "work_this_period": f"{bill.amount + 500}.00"}]
                await self.procore.edit_invoice(invoice, lines=more, user_id=people["ada"].id)
            await self._approve(invoice, contract.company, "ada")
        if bill.tale is Tale.DELETED:
            await asyncio.sleep(bill.gap)
            await self.procore.delete_invoice(invoice, user_id=people["ada"].id)
            self.journal.note("deleted", invoice=invoice)

    async def _approve(self, invoice: int, company: str, who: str) -> None:
        person = self.companies[company].people[who]
        self.journal.note("approving", invoice=invoice, who=who, may=person.may_push)
        shown = await self.procore.approve(invoice, user_id=person.id)
        due = shown["g702"]["current_payment_due"]
        self.journal.note("approved", invoice=invoice, company=company, who=who, user=person.id, due=due)

    # How it is furnished

    async def _found(self, name: str) -> None:
        company = await self.procore.create_company(name=name)
        people = {
            who: Person(await self.procore.create_user(company_id=company, name=who.title()), level, may_push)
            for who, level, may_push in (("ada", "standard", True), ("rex", "admin", True), ("nora", "admin", False))
        }
        self.companies[name] = Company(company, people)
        projects: dict[int, int] = {}
        for number, contract in enumerate(self.plan.contracts):
            if contract.company != name:
                continue
            if contract.project not in projects:
                title = f"Project {contract.project + 1}"
                projects[contract.project] = await self.procore.create_project(company_id=company, name=title)
            line = {"description": "Concrete", "scheduled_value": SCHEDULED}
            self._contracts[contract] = await self.procore.create_contract(
                project_id=projects[contract.project], number=f"PC-{number}", client_name=CUSTOMER, lines=[line]
            )
        if name in BOOKS:
            await self.erp.set_up(name, **RULES[name])

    async def _record(self, name: str) -> None:
        """The approvers of a company, as accounting imports them."""
        company = self.companies[name]
        head = ("company_id", "user_id", "name", "email", "erp_integrations_level", "can_push_to_accounting", "source")
        rows = [head] + [
            (company.id, each.id, who.title(), f"{who}@example.com", each.level, each.may_push, "chaos")
            for who, each in company.people.items()
        ]
        await self.command("approvers", "import", str(_csv(self.ground.folder / f"approvers-{name}.csv", rows)))

    def _connection(self, name: str) -> str:
        company = self.companies[name].id
        head = f"""[[connection]]
name = "{name}"
company_id = {company}
mode = "live"
finish = "posted"
start_from = "all"
time_zone = "America/Denver"
concurrency = 4
requests_per_minute = 60000
attach = "nothing"
"""
        return head + (self._tryton() if name == TRYTON else self._book(name))

    def _book(self, name: str) -> str:
        unique, replay = ("true" if RULES[name].get(rule) else "false" for rule in ("unique_reference", "replay_key"))
        return f"""adapter = "erp_sandbox"
secrets = {{ client_secret = "env:ERP_SANDBOX_SECRET" }}

[connection.settings]
url = "{self.ground.over("worker-erp")}"
book = "{name}"
connect_timeout_seconds = 1
read_timeout_seconds = 2
settles_after_seconds = 20
unique_key = {unique}
replay_key = {replay}
"""

    def _tryton(self) -> str:
        tryton, secret = self.ground.tryton, self.ground.folder / "password"
        secret.write_text(tryton.password, encoding="utf-8")
        return f"""adapter = "tryton"
secrets = {{ password = "file:{secret}" }}

[connection.settings]
url = "{self.ground.over("worker-tryton")}"
database = "{tryton.database}"
user = "{tryton.user}"
revenue_account = "{REVENUE_ACCOUNT}"
module = true
retainage_account = "{RETAINAGE_ACCOUNT}"
accepted_warnings = ["invoice_payment_term", "invoice_date_future"]
connect_timeout_seconds = 5
read_timeout_seconds = 25
settles_after_seconds = 30
"""

    async def reconcile(self) -> None:
        """As somebody does who does not spare Procore: what is left of an hour untold is guessed low."""
        await self.command("reconcile", RECONCILE_BUDGET_SHARE="1")

    async def command(self, *arguments: str, **changes: str) -> str:
        """Of the product's command line, from outside. Raises AssertionError."""
        return await asyncio.to_thread(self.ground.run, *arguments, **changes)


def _csv(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path
