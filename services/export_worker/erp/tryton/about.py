"""What to know about Tryton."""

from services.export_worker.erp.about import About
from services.export_worker.erp.tryton.settings import TrytonSecrets, TrytonSettings

PLAIN = {"url": "https://erp.example.com", "database": "company", "user": "invoice-export"}

ABOUT = About(
    title="Tryton",
    versions="8.2 and 8.0 (long-term support), as packages or self-hosted, reached by JSON-RPC",
    proven_on=(
        "real servers of both series, on SQLite and PostgreSQL, unchanged and with our module: the whole contract "
        "suite runs against them"
    ),
    settings=TrytonSettings,
    secrets=TrytonSecrets,
    variants={
        "unchanged": TrytonSettings.model_validate(PLAIN).capabilities(),
        "with our module": TrytonSettings.model_validate(PLAIN | {"module": True}).capabilities(),
    },
    prerequisites=(
        (
            "The modules account and account_invoice, a chart of accounts, and fiscal years with open periods and with "
            "numbers for customer invoices."
        ),
        (
            "A user for the export in the group Accounting and in no other, with the company set. It needs no "
            "administrator's rights."
        ),
        "Each owner as a party with a code and an address. Mappings name parties and accounts by their codes.",
        (
            "An account for retainage receivable: an asset, with a party required on its lines. "
            "`connections check NAME --prepare` makes one for a user who may."
        ),
        (
            "For the variant with our module: the module in deploy/tryton/owner_invoice_retainage, installed by who "
            "runs Tryton. It is GPL-3.0-or-later, like Tryton."
        ),
    ),
    limitations=(
        (
            "Unchanged, Tryton takes retainage only beside the invoice: the invoice shows the gross amount, a journal "
            "entry moves the retainage, and what is held counts as paid on the invoice. Until that entry is posted, "
            "the receivable is the gross amount."
        ),
        (
            "Unchanged, retainage that is released beyond what is held stands as an open item of the customer beside "
            "the invoice. With our module it is a line of the invoice."
        ),
        (
            "Unchanged, Tryton does not refuse a second invoice under the same reference: the look-up before each "
            "create is what prevents it. Our module adds a unique key."
        ),
        "Invoices are posted in the company's own currency only.",
        "Tax is one row of the given amount on tax_account; Tryton's own tax codes are not used.",
        "An invoice that is posted cannot be changed, only credited.",
    ),
    considerations=(
        (
            "Tryton numbers customer invoices without gaps and by date: after an invoice of 5 November, one of "
            "31 October is refused. The accounting-date rule first_open_day avoids that, and so does a row of numbers "
            "for each period."
        ),
        (
            "Posting takes Tryton about a second, and one at a time: expect an invoice every two seconds. A worker of "
            "Tryton's own (trytond-worker) that prints the invoices makes it twice as fast."
        ),
        (
            "Tryton warns of an invoice date in the future and waits for a person, so does the export. Its warning of "
            "a due date in the past is accepted; accepted_warnings = [] lets a person decide that too."
        ),
        (
            "The reference field holds the key of the export; with our module the key has a field of its own and the "
            "reference holds the invoice's number in Procore. Do not change the key: an invoice without it is exported "
            "again."
        ),
        "The link to the invoice in Procore stands in the comment, which Tryton prints below the lines.",
        "When an invoice is credited in Tryton, also cancel the journal entry that moved its retainage.",
        "The user's interface may be in any language: the export asks Tryton for English.",
    ),
    mappings={
        "customer": "the party's code",
        "account": "the revenue account's code",
        "retainage_account": "the retainage account's code, such as 1180",
    },
)
