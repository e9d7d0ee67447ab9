"""What a connection to Odoo may be set to, and what that makes of its capabilities."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.http import HttpSettings, Seconds, Secret

Code = Annotated[str, Field(min_length=1)]


class OdooSettings(HttpSettings):
    """The `settings` of a connection. Accounts and the journal are given by their codes in Odoo.

    `module` is the first half of the external ids that mark our invoices. `settles_after_seconds` is longer than
    the 120 s after which Odoo ends a request of its own accord.
    """

    database: Annotated[str, Field(pattern=r"^[^\s/]+$")] = Field(description="the database's name")
    api: Literal["jsonrpc", "json2"] = Field(
        "jsonrpc", description="`jsonrpc` for Odoo 14 to 18, `json2` for 19 and newer"
    )
    user: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="the log-in of a user of ours; needed for `jsonrpc`"
    )
    company_id: Annotated[int, Field(gt=0)] | None = Field(
        None, description="the number of the company that bills, where the user sees several"
    )
    module: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        "procore_export", description="the first part of our external ids: never change it"
    )
    journal: Code | None = Field(None, description="the sales journal, by its code; else Odoo's own choice")
    income_account: Code | None = Field(None, description="the account of lines that no mapping names, by its code")
    retainage_account: Code | None = Field(
        None, description="the account of retainage where no mapping names one, by its code"
    )
    retainage_account_name: Annotated[str, Field(min_length=1)] = Field(
        "Retainage Receivable", description="the name of the account that `--prepare` makes for retainage"
    )
    settles_after_seconds: Seconds = 150
    zero_totals: bool = Field(default=False, description="whether your Odoo posts an invoice of 0.00")
    currencies: frozenset[str] = Field(frozenset({"USD"}), description="those it takes")
    max_number_length: Annotated[int, Field(gt=0)] = Field(64, description="of the invoice number, in characters")
    max_text_length: Annotated[int, Field(gt=0)] = Field(4000, description="of a description, in characters")

    @model_validator(mode="after")
    def user_where_the_interface_asks_for_one(self) -> Self:
        """JSON-2 knows the user by the key."""
        if self.api == "jsonrpc" and self.user is None:
            raise ValueError('user must be set where api is "jsonrpc"')
        return self

    def capabilities(self) -> Capabilities:
        """As published to the decision and to people."""
        given = {"account": self.income_account, "retainage_account": self.retainage_account}
        return Capabilities(
            exports_owner_invoices=True,
            steps=(Step.CREATE, Step.FINISH),
            unique_key=True,
            settles_after=self.settles_after,
            call_time_limit=self.call_time_limit,
            replaces_drafts=True,
            attachments=True,
            tells_open_days=True,
            retainage_shape=RetainageShape.NET_LINE,
            zero_totals=self.zero_totals,
            currencies=self.currencies,
            required_mappings=frozenset({"customer"} | {kind for kind, code in given.items() if code is None}),
            max_number_length=self.max_number_length,
            max_text_length=self.max_text_length,
        )


class OdooSecrets(BaseModel):
    """The `secrets` of a connection, resolved: an API key, or with JSON-RPC the user's password."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Secret = Field(description="an API key of that user; with `jsonrpc` its password will do")
