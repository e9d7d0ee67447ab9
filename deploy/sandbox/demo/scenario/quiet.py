"""A quiet day: somebody who may export approves, and the receivable is posted."""

from deploy.sandbox.demo.acts import Approves, until_exported
from deploy.sandbox.demo.tale import Bill, Tale, bill


def plain(title: str, project: str, invoice: Bill) -> Tale:
    """Approved by Ada, exported, and nothing else."""
    return Tale(title=title, project=project, invoices=(invoice,), acts=(Approves("ada"), until_exported()))


TALES = (
    plain("Work of one month", "library", bill("61250.00")),
    plain("With materials stored on the site", "pier", bill("18400.50")),
    plain("With sales tax", "museum", bill("33000.00", tax="2722.50")),
    plain(
        "With a change order in its first month",
        "mill",
        bill(
            "75000.00",
            change_orders=[{"description": "CO 1: deeper piles", "amount": "40000", "work_this_period": "12500.00"}],
        ),
    ),
    plain("Odd cents", "depot", bill("10000.01")),
    plain("Retainage of five percent", "hospital", bill("128750.33", work_retainage_percent="5")),
    plain("No retainage", "lab", bill("9999.99", work_retainage_percent="0", stored_retainage_percent="0")),
)
