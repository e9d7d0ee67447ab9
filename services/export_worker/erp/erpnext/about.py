"""What to know about ERPNext before relying on it."""

from services.export_worker.erp.about import About
from services.export_worker.erp.erpnext.settings import ErpNextSecrets, ErpNextSettings

PLAIN = {"url": "https://erp.example.com", "company": "Your Company"}

ABOUT = About(
    title="ERPNext",
    versions="15",
    proven_on=(
        "A strict stand-in over HTTP, written from what a real ERPNext 15.90 on Frappe 15.41 was seen to do: key, "
        "draft, submission, charge row, unique field with parallel creates, old versions, errors. This adapter itself "
        "has not met a real ERPNext. Closed periods, credit notes, the rights that it asks for, the renaming of files, "
        "payment terms and the default template of taxes come from ERPNext's source"
    ),
    settings=ErpNextSettings,
    secrets=ErpNextSecrets,
    variants={"as it comes": ErpNextSettings.model_validate(PLAIN).capabilities()},
    prerequisites=(
        "A user of its own with the role Accounts User, its language English, and an API key (User, API Access).",
        (
            "A field of ours on the sales invoice. connections check --prepare makes it; for that the user needs the "
            "role System Manager, which can be taken away again afterwards."
        ),
        (
            "An item for each kind of work, or one for all as default_item: not kept in stock, and without a tax "
            "template of its own. Sales Order Required is No in Selling Settings."
        ),
        (
            "A retainage account: an asset that is neither of the type Receivable nor Bank nor Cash. With "
            "retainage_account and retainage_parent set, --prepare makes it."
        ),
        "No template of sales taxes that is the company's default: ERPNext adds it to invoices that bring no charge.",
        "For invoices that take work back: Allow Negative rates for Items in Selling Settings.",
    ),
    limitations=(
        "A total below zero is refused; it would have to be a return, which nobody writes for you.",
        "Invoices of 0.00 are refused too, unless zero_totals is set: try one on a copy of your ERPNext first.",
        "Amounts have twelve digits before the point at most.",
        "A line below zero is refused when the invoice is submitted, unless Selling Settings allow it.",
        "ERPNext tells in its own language what it refuses: only English is understood in full.",
    ),
    considerations=(
        (
            "The unique field is the key. Do not delete it, and do not take its uniqueness away: ERPNext drops what it "
            "does not know without a word. That is seen at once, but the draft is then left for you to delete."
        ),
        (
            "A cancelled invoice keeps its reference, and ERPNext copies it when you amend: saving the amended one "
            "fails. Cancel, and replay afresh instead; the new one carries the reference with ~2 behind it."
        ),
        "An invoice that credit notes took back whole counts as cancelled, one that they took back in part does not.",
        (
            "Retainage and tax are rows of charges, named Retainage held, Retainage released and Tax. Leave the names "
            "as they are: they tell one from the other."
        ),
        (
            "ERPNext's number is the invoice's name, given with the draft and told once it is submitted. Procore's "
            "number stands in Customer's Purchase Order and in the remarks."
        ),
        (
            "Where payment_days is set, the due date is reckoned from it, and the customer's own terms are left aside; "
            "else they decide."
        ),
        (
            "Pricing rules and the rounding of totals are switched off on each invoice. A rate of 0.00 may still be "
            "replaced by the item's price; such an invoice is held, since its totals differ."
        ),
        "A workflow on sales invoices has to let the connection's user submit; finish = draft leaves that to a person.",
        (
            "first_open_day looks at accounting periods, the freeze of accounts, closing vouchers and fiscal years. To "
            "read them all the user may need the role Accounts Manager. A role that is exempt from a closing is not "
            "looked at."
        ),
        (
            "A Frappe server ends a request of its own after 120 s, so we believe that nothing was created only 150 s "
            "after the call. If yours takes longer, raise settles_after_seconds."
        ),
    ),
    mappings={
        "customer": "the customer's ID in ERPNext, as a rule its name",
        "job": "the project's ID, such as PROJ-0001; optional",
        "account": "the income account's whole name, such as Sales - HB; else the item decides",
        "item": "the item's code; default_item in the settings serves lines without one",
        "retainage_account": "the account's whole name; retainage_account in the settings serves all others",
        "tax": "the tax account's whole name; tax_account in the settings serves all others",
    },
)
