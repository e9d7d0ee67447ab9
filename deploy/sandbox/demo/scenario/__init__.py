"""The month-end as data: which invoices, what happens to them, and where each must stand at the end."""

from deploy.sandbox.demo.scenario import approvers, erp, erps, invoices, quiet, trouble
from deploy.sandbox.demo.tale import Chapter
from shared.ledger.words import Reason

CHAPTERS = (
    Chapter("A quiet day: approved, and exported", quiet.TALES, is_quiet=True),
    Chapter(
        "Five other ERPs: Tryton, and the ways of Odoo, ERPNext, QuickBooks Online and Sage",
        erps.TALES,
    ),
    Chapter(
        "The month-end, with everything that people and ERPs come up with",
        (
            *invoices.TALES,
            *erp.TALES,
            *approvers.TALES,
            *trouble.ROADS,
        ),
    ),
    Chapter("Ironside's ERP is away, and Cedar's connection is paused", trouble.WEATHER),
    Chapter("What the webhooks missed", trouble.LOST),
)

# Reasons that a demo cannot order, and why.
UNMET = {
    Reason.HANDED_OVER: "stands for a batch that nobody confirms, and this one is confirmed",
    Reason.CHANGED_IN_ERP: "takes an ERP in which a posted number is changed by hand",
    Reason.RETRIES_EXHAUSTED: "takes ten tries over more than an hour",
    Reason.INTERNAL_ERROR: "would be a fault of ours",
}
