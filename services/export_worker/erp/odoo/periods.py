"""Up to which day a company's books are closed. Which lock dates there are differs between versions of Odoo."""

from datetime import date

from services.export_worker.core.outcomes import Failure, Refusal, Refused
from services.export_worker.erp.odoo.settings import OdooSettings
from services.export_worker.erp.odoo.transport import Odoo
from services.export_worker.erp.odoo.wire import DAYS, NAMES

COMPANY = "res.company"
# For all, for tax reports, for sales (18 and newer), for whoever is no adviser (to 17), for ever (18 and newer).
LOCK_DATES = ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "period_lock_date", "hard_lock_date")


class Periods:
    """The lock dates of the connection's company."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self.odoo = odoo
        self.settings = settings
        self.known: list[str] | None = None

    async def closed_until(self) -> date | Failure | None:
        """The latest lock date; None: nothing is closed."""
        names = await self.names()
        if not isinstance(names, list):
            return names
        company = self.settings.company_id
        domain = [] if company is None else [["id", "=", company]]
        rows = await self.odoo.ask(DAYS, COMPANY, "search_read", domain=domain, fields=["id", *names])
        if not isinstance(rows, tuple):
            return rows
        if len(rows) != 1:
            text = f"The user sees {len(rows)} companies in Odoo: set company_id to the one that bills."
            return Refused(Refusal.NOT_ALLOWED, text)
        return max((day for name in names if isinstance(day := rows[0].get(name), date)), default=None)

    async def names(self) -> list[str] | Failure:
        """Those that this version has."""
        if self.known is None:
            said = await self.odoo.ask(NAMES, COMPANY, "fields_get", allfields=list(LOCK_DATES), attributes=["type"])
            if not isinstance(said, dict):
                return said
            self.known = [name for name in LOCK_DATES if name in said]
        return self.known
