"""What to know about Odoo before relying on it."""

from services.export_worker.erp.about import About
from services.export_worker.erp.odoo.settings import OdooSecrets, OdooSettings

PLAIN = {"url": "https://erp.example.com", "database": "main", "user": "export"}

ABOUT = About(
    title="Odoo",
    versions='14 to 18 with api = "jsonrpc", 19 and newer with api = "json2"',
    proven_on=(
        "A strict stand-in over HTTP, written from what a real Odoo 17.0 Community (20240709) was seen to do: log-in,"
        " create by external id, posting, parallel calls, errors. This adapter itself has not met a real Odoo. What"
        " load does with an external id that is marked as not to be updated, and all of JSON-2, come from Odoo's"
        " source and documentation."
    ),
    settings=OdooSettings,
    secrets=OdooSecrets,
    variants={
        "JSON-RPC (14 to 18)": OdooSettings.model_validate(PLAIN).capabilities(),
        "JSON-2 (19 and newer)": OdooSettings.model_validate(PLAIN | {"api": "json2"}).capabilities(),
    },
    prerequisites=(
        "The Invoicing or Accounting app with a chart of accounts and a sales journal.",
        (
            "A user of its own with an API key, who may create and post customer invoices, add attachments and read"
            " external identifiers (ir.model.data)."
        ),
        "Odoo Online sells access from outside only with its Custom plan; Odoo.sh and your own server always have it.",
        "Where the user sees several companies: company_id, the number of the one that bills.",
        "A retainage account: a current asset. connections check --prepare makes the one that the settings name.",
    ),
    limitations=(
        "An invoice whose total is below zero is not exported: Odoo wants a credit note for it.",
        "Odoo converts other currencies by its own rate; the document's rate is not sent.",
        "A job needs Odoo 17 or newer: older ones cannot load an analytic distribution.",
        (
            "A draft that differs is written over only while it is a draft. Odoo has no way to say so within the same"
            " call: whoever posts it in that very moment finds it changed, and the export is then held to be looked at."
        ),
        "With finish = draft an invoice goes into a closed period: the period is looked at only when one is posted.",
    ),
    considerations=(
        (
            "The external id (module procore_export, unless set otherwise) is the key. Do not import over these"
            " external ids: Odoo then changes a posted invoice without a word."
        ),
        (
            "Procore's number stands in the customer reference and in the payment reference; Odoo gives its own number"
            " when it posts. Our reference stands in the source document."
        ),
        (
            "A duplicate that is made in Odoo carries the source document along. Clear it there, or the next look finds"
            " two invoices and holds the export."
        ),
        (
            "Retainage is a line of its own on the retainage account, named Retainage held or Retainage released. Leave"
            " the names as they are: they tell one from the other."
        ),
        (
            "Odoo would post an invoice of a closed period under a later date. It is refused instead, so that a person"
            " chooses the date."
        ),
        (
            "Taxes are sent for each line, and none where no tax is mapped. Odoo computes the amount; a cent that"
            " differs from Procore's shows in the totals and holds the export."
        ),
        "An invoice that a credit note took back whole counts as cancelled.",
        "Odoo posts invoices over 0.00, by its source; set zero_totals = true when you have seen yours do it.",
    ),
    mappings={
        "customer": "the number of the partner (its database id), as the list of choices shows it",
        "job": "the number of the analytic account; optional",
        "account": "the account's code, such as 400000; income_account in the settings serves lines without one",
        "retainage_account": "the code of an asset account; retainage_account in the settings serves all others",
        "tax": "the number of a sales tax",
    },
)
