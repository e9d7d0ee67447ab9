"""What to know about Sage by import files."""

from services.export_worker.core.capabilities import Capabilities
from services.export_worker.erp.about import About
from services.export_worker.erp.sage_file.settings import NoSecrets, SageSettings

CRE_TEMPLATE = {
    "invoice": ["customer", "number", "description", "invoice_date", "due_date", "retainage", "tax", "reference"],
    "distribution": ["job", "cost_code", "account", "amount", "description"],
    "date_format": "MM/DD/YYYY",
}


def capabilities(**settings: object) -> Capabilities:
    """Of a connection that is set so."""
    return SageSettings.model_validate({"outbox": "/var/lib/invoice-export/outbox", **settings}).capabilities()


ABOUT = About(
    title="Sage 100 Contractor and Sage 300 CRE, by import files",
    versions="Sage 100 Contractor with an importer that reads ARINV files; Sage 300 CRE with Import Invoices in AR",
    proven_on=(
        "Golden files compared byte by byte, several processes on one folder, and kills at every step of writing. "
        "No file of ours has been imported into a real Sage yet."
    ),
    settings=SageSettings,
    secrets=NoSecrets,
    variants={
        "sage_100_contractor": capabilities(product="sage_100_contractor"),
        "sage_300_cre": capabilities(product="sage_300_cre", template=CRE_TEMPLATE),
    },
    prerequisites=(
        (
            "A folder that every worker and the person who imports can reach, on one file system that holds "
            "locks. Make it with `connections check NAME --prepare`: without that nothing is written, so that a "
            "share which is not mounted is never taken for an empty one."
        ),
        (
            "Sage 100 Contractor: an importer that takes ARINV files. Compare the columns of its D lines with the "
            "setting `detail`; the header's columns are fixed."
        ),
        (
            "Sage 300 CRE: print the import template of your installation and copy the order of its fields into "
            "`template`. Let the AR settings refuse duplicate invoice numbers."
        ),
        "Somebody, or an agent, who imports each file once and tells how it went.",
        (
            'Set `finish = "posted"` on the connection: files have no drafts. Sage 100 Contractor also wants a '
            "due date: set `payment_days`."
        ),
    ),
    limitations=(
        (
            "An approved invoice is exported only when its batch is confirmed: rename IE261123-001.csv to "
            "IE261123-001.imported.csv when all of it was imported under its own numbers; or put "
            "IE261123-001.confirmed.csv beside it with the columns reference or invoice_number, and erp_number or "
            "error; or use `exports confirm --batch`. Until then the contract's next invoice waits."
        ),
        (
            "Invoices of 0.00 and below are held: enter them by hand. There are no attachments, and no other "
            "currency than the connection's."
        ),
        "Sage 100 Contractor takes a tax district and no amount: an invoice with tax is refused.",
        (
            "Nobody sees in the folder what was changed or voided in Sage later. To export such an invoice "
            "afresh, give its line in the confirmed file a yes in the column voided."
        ),
        (
            "Numbers and ids go into the file as they are or not at all: at most 20 characters for an invoice "
            "number in Sage 100 Contractor, and what the template says in Sage 300 CRE; digits only for jobs and "
            "accounts in Sage 100 Contractor."
        ),
    ),
    considerations=(
        (
            "A batch collects for 15 minutes (`batch_minutes`) or 100 invoices (`batch_size`). Batches do not "
            "wait for each other: no invoice is in two files, so one that nobody confirms holds back its own "
            "invoices only."
        ),
        (
            "To take a batch back before it was imported, rename IE261123-001.csv to IE261123-001.void.csv: its "
            "invoices go into the next batch with today's content. Deleting the file does not do that: it may "
            "have been imported."
        ),
        (
            "What is dismissed or resolved by hand stays in its file. Void the batch, or take the line out before "
            "you import it."
        ),
        ("What Sage refused is mended and replayed, never imported again from the old file: it goes into a new one."),
        "Keep and back up the folder `batches`: it is what prevents a second sending.",
        (
            "Texts are CP1252 on one line. A letter with an accent that it lacks goes without the accent; any "
            "other letter that it lacks is refused by name. What begins with = + - or @ gets an apostrophe before "
            "it, so that no spreadsheet takes it for a formula. Long descriptions are cut and end in three points "
            "(`shorten_texts = false` holds them instead)."
        ),
        (
            "Retainage goes as held less released, so a release is negative: try one on a copy of the company "
            "first. A template may put it on the invoice, on each distribution (in proportion to the amounts, to "
            "the cent), or not at all: then an invoice with retainage is held."
        ),
    ),
    mappings={
        "customer": "the customer's id in Sage 300 CRE; Sage 100 Contractor takes it from the job",
        "job": "the job: a number in Sage 100 Contractor, its id in Sage 300 CRE",
        "account": "the ledger account that the work is credited to: a number in Sage 100 Contractor",
        "retainage_account": "only where the template has that column, and for invoices that only release retainage",
    },
)
