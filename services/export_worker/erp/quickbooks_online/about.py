"""What to know about QuickBooks Online."""

from services.export_worker.erp.about import About
from services.export_worker.erp.quickbooks_online.settings import QuickBooksSecrets, QuickBooksSettings

PLAIN = {"realm_id": "4620816365000000000"}

ABOUT = About(
    title="QuickBooks Online",
    versions="REST interface version 3, minor version 75; companies in the United States",
    proven_on=(
        "a fake written from the vendor's published behaviour. No company of Intuit's, not even one of its sandbox, "
        "could be reached while this was written: try a sandbox company first"
    ),
    settings=QuickBooksSettings,
    secrets=QuickBooksSecrets,
    variants={"as it comes": QuickBooksSettings.model_validate(PLAIN).capabilities()},
    prerequisites=(
        (
            "An app of your own in Intuit's developer portal with the scope com.quickbooks.accounting; its client id "
            "and secret are the connection's secrets."
        ),
        (
            "A refresh token for the company, from Intuit's OAuth playground with your app's keys. Store it with "
            "`invoice-export tokens set`, or give it once as the secret `refresh_token`."
        ),
        "TOKEN_ENCRYPTION_KEY for the worker: the tokens change all the time, so they are stored, and only encrypted.",
        (
            "Custom transaction numbers switched on in QuickBooks (Account and settings, Sales, Sales form content): "
            "while they are off, nothing is sent. Best switch on the warning of duplicate numbers too."
        ),
        (
            "A service item for each kind of work, and one for retainage whose income account is an account of other "
            "current assets (retainage receivable)."
        ),
    ),
    limitations=(
        "What is created is posted: QuickBooks has no drafts, and `finish = draft` does not fit.",
        "A total below zero is refused; it would have to be a credit memo, which nobody writes for you.",
        "Procore's invoice number may have 12 characters: QuickBooks takes 21, and nine are our mark.",
        "Descriptions end at 1000 characters.",
        "Companies outside the United States are not served: there every line needs a tax code of its own.",
        "Fractions finer than a cent and several currencies in one invoice do not exist in QuickBooks.",
        "Whether QuickBooks keeps letters beyond the common ones, such as emoji, is not known.",
    ),
    considerations=(
        (
            "The invoice number in QuickBooks is Procore's with a mark behind it, as in HBL-0007-K3F9Q2XA. A look-up "
            "knows only our reference, and QuickBooks searches numbers but no notes: so the mark is searched for. "
            "Change neither the number nor the bracket in the note by hand: a tie-out would hold the export until the "
            "number is set right. A second one is not made: what was made once is looked for by its id as well."
        ),
        (
            "A repeated request is answered with the first invoice as long as QuickBooks remembers it. For how long is "
            "written nowhere, so we look before each create and never rely on it alone."
        ),
        "A voided invoice counts as cancelled. To send it again, replay it afresh.",
        (
            "Retainage held is a line below zero and retainage released a line above, both with the retainage item. "
            "The words in brackets at the head of their text tell them apart: leave them there."
        ),
        (
            "A line with tax carries the code TAX, every other one NON, and the tax is sent as an amount. Where "
            "QuickBooks computes sales tax itself and comes to another amount, the export is held with both."
        ),
        (
            "QuickBooks takes 500 requests a minute and 10 a second for a company; an invoice costs five, its file "
            "three. After a 429 without a time we wait 60 s."
        ),
        (
            "QuickBooks ends a request of its own after 120 s. We wait 130 s, and believe that nothing was created "
            "only 180 s after the call."
        ),
        (
            "The refresh token changes about once a day, ends after 100 days without use, and after five years in any "
            "case. The new one is stored before it is used, and one process renews at a time. If a process dies in "
            "between, QuickBooks still takes the one before for about a day, and we ask with it again."
        ),
    ),
    mappings={
        "customer": "the customer's id, the number in the address of its page",
        "job": "the id of the sub-customer (or project) below the customer; the invoice is then written to it",
        "item": "the id of the product or service for a cost code; its income account is where the revenue goes",
        "retainage_account": "the id of the retainage item, not of its account",
        "tax": "the id of the sales tax code; only for invoices with tax",
    },
)
