"""On which days a company's books are open. ERPNext closes them in four ways, and each has to let a day pass."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.export_worker.core.outcomes import Failure, LookUpFailure, look_up_failure
from services.export_worker.erp.erpnext.mapping import SUBMITTED
from services.export_worker.erp.erpnext.reading import SALES_INVOICE
from services.export_worker.erp.erpnext.settings import ErpNextSettings
from services.export_worker.erp.erpnext.site import Filter, Site
from services.export_worker.erp.erpnext.wire import (
    AccountsSettings,
    ClosingVoucher,
    Company,
    FiscalYear,
    Period,
)

Span = tuple[date, date]
ONE_DAY = timedelta(days=1)
ACCOUNTS_SETTINGS = "Accounts Settings"


@dataclass(frozen=True)
class Calendar:
    """`closed` and `years` are spans with both their ends; everything up to `frozen_until` is closed too."""

    frozen_until: date | None
    closed: tuple[Span, ...]
    years: tuple[Span, ...]

    def first_open_day(self, day: date) -> date | None:
        """`day`, or the first one after it that every rule lets pass; None where the fiscal years end before."""
        if self.frozen_until is not None:
            day = max(day, self.frozen_until + ONE_DAY)
        for start, end in sorted(self.closed):
            day = end + ONE_DAY if start <= day <= end else day
        if any(start <= day <= end for start, end in self.years):
            return day
        later = min((start for start, _ in self.years if start > day), default=None)
        return None if later is None else self.first_open_day(later)


class Periods:
    """The books of the connection's company."""

    def __init__(self, site: Site, settings: ErpNextSettings) -> None:
        self.site = site
        self.settings = settings

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """See Calendar."""
        calendar = await self.calendar(day)
        return calendar.first_open_day(day) if isinstance(calendar, Calendar) else look_up_failure(calendar)

    async def calendar(self, day: date) -> Calendar | Failure:
        """What is closed from `day` on."""
        frozen = await self.frozen_until()
        if isinstance(frozen, Failure):
            return frozen
        mine = ("company", "=", self.settings.company)
        periods = await self.site.whole("Accounting Period", Period, [mine, ("end_date", ">=", day.isoformat())])
        if not isinstance(periods, list):
            return periods
        years = await self.site.whole("Fiscal Year", FiscalYear, [("year_end_date", ">=", day.isoformat())])
        if not isinstance(years, list):
            return years
        return Calendar(
            frozen_until=frozen,
            closed=tuple((one.start_date, one.end_date) for one in periods if is_closed(one)),
            years=tuple((one.year_start_date, one.year_end_date) for one in years if self.is_ours(one)),
        )

    async def frozen_until(self) -> date | Failure | None:
        """The latest of: the freeze of the site (up to 15), that of the company (from 16), the last closing voucher."""
        settings = await self.site.read(ACCOUNTS_SETTINGS, ACCOUNTS_SETTINGS, AccountsSettings)
        if isinstance(settings, Failure):
            return settings
        company = await self.site.read("Company", self.settings.company, Company)
        if isinstance(company, Failure):
            return company
        mine: list[Filter] = [("company", "=", self.settings.company), ("docstatus", "=", SUBMITTED)]
        vouchers = await self.site.listed("Period Closing Voucher", ClosingVoucher, mine, ["*"])
        if not isinstance(vouchers, list):
            return vouchers
        return latest(
            settings.acc_frozen_upto if settings else None,
            company.accounts_frozen_till_date if company else None,
            *(one.period_end_date or one.posting_date for one in vouchers),
        )

    def is_ours(self, year: FiscalYear) -> bool:
        """Whether a fiscal year serves our company."""
        named = {one.company for one in year.companies}
        return not year.disabled and (not named or self.settings.company in named)


def is_closed(period: Period) -> bool:
    """Whether an accounting period is closed for invoices; it may be for other documents only."""
    closed = (one for one in period.closed_documents if one.closed and one.document_type == SALES_INVOICE)
    return not period.disabled and any(closed)


def latest(*days: date | None) -> date | None:
    """None where there is none."""
    return max((day for day in days if day is not None), default=None)
