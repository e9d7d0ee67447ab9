"""What a connection to Tryton may be set to, and what that makes of its capabilities."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.http import HttpSettings, Secret

Text = Annotated[str, Field(min_length=1)]
IN_STOCK_TRYTON = (Step.CREATE, Step.FINISH, Step.RECLASSIFY, Step.SETTLE)
WITH_OUR_MODULE = (Step.CREATE, Step.FINISH)


class TrytonSettings(HttpSettings):
    """The `settings` of a connection. Accounts are named by their codes.

    `company` where the user has several (else its current one), `module` where ours is installed. `journal` (of
    invoices), `entry_journal` (of retainage entries), `receivable_account` and `payment_term` (by name, used when
    an invoice has no due date) are looked up where they are not given. `revenue_account` and `retainage_account`
    serve what no mapping names; `tax_account` takes the tax. `accepted_warnings` need no person.
    """

    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = Field(description="the database on that server")
    user: Text = Field(description="the log-in of a user of ours in Tryton")
    company: Text | None = Field(
        None, description="the company's name, where the user has several; else its current one"
    )
    module: bool = Field(default=False, description="whether our optional module is installed there")
    journal: Text | None = Field(
        None, description="the journal of invoices, by its code; looked up where it is not given"
    )
    entry_journal: Text | None = Field(None, description="the journal of the entries that move retainage, likewise")
    receivable_account: Text | None = Field(
        None, description="the account that the owner owes on, by its code; looked up where it is not given"
    )
    revenue_account: Text | None = Field(None, description="the account of lines that no mapping names, by its code")
    retainage_account: Text | None = Field(
        None, description="the account of retainage where no mapping names one, by its code"
    )
    tax_account: Text | None = Field(None, description="the account that takes the tax, by its code")
    payment_term: Text | None = Field(
        None,
        description="the payment term of an invoice without a due date, by its name; looked up where it is not given",
    )
    currencies: frozenset[str] = Field(frozenset({"USD"}), description="those it takes")
    accepted_warnings: frozenset[str] = Field(
        frozenset({"invoice_payment_term"}), description="warnings of Tryton that need no person"
    )
    web_client_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")] | None = Field(
        None, description="where your people open Tryton; the link to a document begins with it"
    )

    def capabilities(self) -> Capabilities:
        """As published to the decision and to people."""
        given = {"account": self.revenue_account, "retainage_account": self.retainage_account}
        return Capabilities(
            exports_owner_invoices=True,
            steps=WITH_OUR_MODULE if self.module else IN_STOCK_TRYTON,
            unique_key=self.module,
            settles_after=self.settles_after,
            call_time_limit=self.call_time_limit,
            replaces_drafts=True,
            attachments=True,
            tells_open_days=True,
            retainage_shape=RetainageShape.NET_LINE if self.module else RetainageShape.GROSS_PLUS_RECLASS_ENTRY,
            negative_totals=True,
            zero_totals=True,
            takes_tax=self.tax_account is not None,
            currencies=self.currencies,
            required_mappings=frozenset({"customer", *(kind for kind, code in given.items() if code is None)}),
            max_number_length=100,
            max_text_length=10_000,
        )


class TrytonSecrets(BaseModel):
    """The `secrets` of a connection, resolved. Never shown, not even in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    password: Secret = Field(description="the user's password")
