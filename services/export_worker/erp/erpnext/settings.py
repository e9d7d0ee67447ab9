"""What a connection to ERPNext may be set to, and what that makes of its capabilities."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.http import HttpSettings, Seconds, Secret

Name = Annotated[str, Field(min_length=1, max_length=140)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
# A field of the type Data.
LONGEST_NUMBER = 140


class ErpNextSettings(HttpSettings):
    """The `settings` of a connection. Whatever is named is named as in ERPNext, such as "Sales - HB".

    `settles_after_seconds` is longer than the 120 s after which a Frappe server kills a request of its own.
    """

    company: Name = Field(description="the company that bills, by its name in ERPNext")
    reference_field: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")] = Field(
        "procore_reference", description="the field that carries our reference; `--prepare` makes it: never change it"
    )
    default_item: Name | None = Field(None, description="the item of lines that no mapping names")
    income_account: Name | None = Field(
        None, description="the income account of lines that no mapping names; else the item's own"
    )
    retainage_account: Name | None = Field(None, description="the account of retainage where no mapping names one")
    retainage_parent: Name | None = Field(
        None, description="the group account below which `--prepare` makes the retainage account"
    )
    tax_account: Name | None = Field(None, description="the account of sales tax where no mapping names one")
    cost_center: Name | None = Field(None, description="the cost center of invoices; else the company's own")
    naming_series: Name | None = Field(None, description="the series that gives the number; else ERPNext's first one")
    settles_after_seconds: Seconds = 150
    zero_totals: bool = Field(default=False, description="whether your ERPNext takes an invoice of 0.00")
    currencies: Annotated[frozenset[Currency], Field(min_length=1)] = Field(
        frozenset({"USD"}), description="those it takes"
    )
    max_number_length: Annotated[int, Field(gt=0, le=LONGEST_NUMBER)] = Field(
        LONGEST_NUMBER, description="of the invoice number, in characters"
    )
    max_text_length: Annotated[int, Field(gt=0)] = Field(4000, description="of a description, in characters")

    def capabilities(self) -> Capabilities:
        """As published to the decision and to people."""
        given = {"item": self.default_item, "retainage_account": self.retainage_account}
        return Capabilities(
            exports_owner_invoices=True,
            steps=(Step.CREATE, Step.FINISH),
            unique_key=True,
            settles_after=self.settles_after,
            call_time_limit=self.call_time_limit,
            replaces_drafts=True,
            attachments=True,
            tells_open_days=True,
            retainage_shape=RetainageShape.CHARGE_ROW,
            zero_totals=self.zero_totals,
            currencies=self.currencies,
            required_mappings=frozenset({"customer"} | {kind for kind, name in given.items() if name is None}),
            max_number_length=self.max_number_length,
            max_text_length=self.max_text_length,
        )


class ErpNextSecrets(BaseModel):
    """The `secrets` of a connection, resolved: the two halves of a user's API key."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Secret = Field(description="the API key of a user of ours")
    api_secret: Secret = Field(description="the secret that ERPNext showed with it, once")

    def token(self) -> str:
        """The value of the Authorization header."""
        return f"token {self.api_key.get_secret_value()}:{self.api_secret.get_secret_value()}"
