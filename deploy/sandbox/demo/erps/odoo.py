"""The stand-in for Odoo 17."""

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
from deploy.sandbox.local.services import Service
from deploy.sandbox.odoo.control_client import OdooControl

DATABASE = "meridian"


class Odoo:
    """One database."""

    connection = "meridian-odoo"
    service: Service | None = sandbox_service("odoo", "ODOO_URL", 8061, "--database", DATABASE)

    def table(self, environment: Environment) -> str:
        settings = {
            "url": environment["ODOO_URL"],
            "database": DATABASE,
            "user": "export",
            "income_account": "4000",
            "retainage_account": "1180",
        }
        secrets = {"api_key": secret_file(environment, "odoo-key", "sandbox-key")}
        return connection_table(self, "odoo", settings, secrets)

    def mappings(self) -> list[Row]:
        return customer_and_job(self, "6")

    async def posted(self, environment: Environment) -> list[Posted]:
        async with OdooControl(environment["ODOO_URL"]) as control:
            return [
                Posted(one["invoice_origin"], one["name"], Decimal(str(one["amount_total"])).quantize(Decimal("0.01")))
                for one in await control.documents(DATABASE)
                if one["state"] == "posted"
            ]
