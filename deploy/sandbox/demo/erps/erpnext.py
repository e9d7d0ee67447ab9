"""The stand-in for ERPNext 15."""

from decimal import Decimal

from deploy.sandbox.demo.erps.connected import (
    Environment,
    Posted,
    Row,
    connection_table,
    customer_and_job,
    sandbox_service,
    secret_file,
)
from deploy.sandbox.erpnext.control_client import ErpNextControl
from deploy.sandbox.local.services import Service

SITE = "site"


class ErpNext:
    """One site."""

    connection = "meridian-erpnext"
    service: Service | None = sandbox_service("erpnext", "ERPNEXT_URL", 8062, "--site", SITE)

    def table(self, environment: Environment) -> str:
        settings = {
            "url": environment["ERPNEXT_URL"],
            "company": "Harbor Builders",
            "default_item": "Construction Work",
            "income_account": "Sales - HB",
            "retainage_account": "Retainage Receivable - HB",
        }
        secrets = {
            "api_key": secret_file(environment, "erpnext-key", "sandbox-key"),
            "api_secret": secret_file(environment, "erpnext-secret", "sandbox-secret"),
        }
        return connection_table(self, "erpnext", settings, secrets)

    def mappings(self) -> list[Row]:
        return customer_and_job(self, "PROJ-0003")

    async def posted(self, environment: Environment) -> list[Posted]:
        async with ErpNextControl(environment["ERPNEXT_URL"]) as control:
            return [
                Posted(one["procore_reference"], one["name"], cents(one["grand_total"]))
                for one in await control.documents(SITE)
                if one["docstatus"] == 1
            ]


def cents(shown: float) -> Decimal:
    """What ERPNext shows as a float."""
    return Decimal(str(shown)).quantize(Decimal("0.01"))
