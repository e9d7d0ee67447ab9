"""Billing periods: found by their dates, or opened."""

from datetime import UTC, datetime, timedelta

from deploy.sandbox.procore.drafts import InvoiceContent
from deploy.sandbox.procore.world import BillingPeriod, World


def find_period(world: World, project_id: int, draft: InvoiceContent, now: datetime) -> BillingPeriod:
    """The month of `now` where nothing is given; payment is due after thirty days."""
    start = draft.period_start or (draft.period_end or now.astimezone(UTC).date()).replace(day=1)
    end = draft.period_end or (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    due = draft.due_date or end + timedelta(days=30)
    for period in world.periods.values():
        known = (period.project_id, period.start_date, period.end_date, period.due_date)
        if known == (project_id, start, end, due):
            return period
    period = BillingPeriod(
        id=world.take_id("period"), project_id=project_id, start_date=start, end_date=end, due_date=due
    )
    world.periods[period.id] = period
    return period
