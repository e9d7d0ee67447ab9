"""The stand-in for QuickBooks Online, with its rotating log-in."""

from deploy.sandbox.demo.erps.connected import (
    Environment,
    Posted,
    Row,
    connection_table,
    customer_and_job,
    sandbox_service,
    secret_file,
)
from deploy.sandbox.local.services import Service
from deploy.sandbox.quickbooks_online.control_client import QuickBooksControl
from deploy.sandbox.quickbooks_online.rules import CompanyRules
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH
from services.export_worker.erp.quickbooks_online.mapping import IN_NOTE

REALM = "9130350000000001"
WORK, RETAINAGE = "10", "12"


class QuickBooks:
    """One company."""

    connection = "meridian-quickbooks"
    service: Service | None = sandbox_service("quickbooks_online", "QUICKBOOKS_URL", 8063, "--realm", REALM)

    def table(self, environment: Environment) -> str:
        url, rules = environment["QUICKBOOKS_URL"], CompanyRules()
        settings = {
            "url": url,
            "log_in_url": f"{url}{LOG_IN_PATH}",
            "realm_id": REALM,
            "look_up_staleness_seconds": 0,
        }
        secrets = {
            name: secret_file(environment, f"quickbooks-{name}", getattr(rules, name))
            for name in ("client_id", "client_secret", "refresh_token")
        }
        return connection_table(self, "quickbooks_online", settings, secrets)

    def mappings(self) -> list[Row]:
        return [
            *customer_and_job(self),
            (self.connection, "item", "*", "", WORK, ""),
            (self.connection, "retainage_account", "", "", RETAINAGE, "the item Retainage"),
        ]

    async def posted(self, environment: Environment) -> list[Posted]:
        async with QuickBooksControl(environment["QUICKBOOKS_URL"]) as control:
            return [
                Posted(noted[1] if (noted := IN_NOTE.search(one.note)) else "", one.number, one.total)
                for one in await control.documents(REALM)
                if one.state == "posted"
            ]
