"""One contract in each of the other ERPs: a first month, then one with materials stored on the site."""

from deploy.sandbox.demo.acts import Approves, until_exported
from deploy.sandbox.demo.erp_acts import ImportsBatch
from deploy.sandbox.demo.tale import MAIN_LINE, SITE_LINE, Act, Tale, bill

PROJECTS = {
    "Tryton, a real one": "tower-tryton",
    "Odoo": "school-odoo",
    "ERPNext": "offices-erpnext",
    "QuickBooks Online": "gym-quickbooks",
}
SECOND_MONTH = [
    {"description": MAIN_LINE, "work_this_period": "84250.55", "materials_stored": "9100.10"},
    {"description": SITE_LINE, "work_this_period": "12000.00"},
]


def two_months(title: str, project: str, acts: tuple[Act, ...]) -> Tale:
    """Two invoices of one contract."""
    return Tale(
        title=f"Two months in {title}",
        project=project,
        invoices=(bill("120000.00"), bill("84250.55", lines=SECOND_MONTH)),
        acts=acts,
    )


TALES = (
    *(
        two_months(title, project, (Approves("ada"), Approves("ada", invoice=2), until_exported(), until_exported(2)))
        for title, project in PROJECTS.items()
    ),
    two_months(
        "files for Sage 100 Contractor",
        "terminal-sage",
        (
            Approves("ada"),
            ImportsBatch(),
            until_exported(),
            Approves("ada", invoice=2),
            ImportsBatch(invoice=2),
            until_exported(2),
        ),
    ),
)
