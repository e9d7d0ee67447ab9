"""What a connection to the ERP sandbox may be set to, and what that makes of its capabilities."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.http import HttpSettings, Secret


class SandboxSettings(HttpSettings):
    """The `settings` of a connection. Times are in seconds; lengths in characters."""

    book: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = Field(description="which of its books")
    look_up_staleness_seconds: Annotated[float, Field(ge=0)] = Field(0, description="how far its look-up may be behind")
    exports_owner_invoices: bool = Field(default=True, description="whether it takes owner invoices at all")
    can_look_up: bool = Field(default=True, description="whether it can be asked by reference")
    unique_key: bool = Field(default=False, description="whether it refuses a second document with our reference")
    replay_key: bool = Field(default=False, description="whether it answers a repeated request with the first answer")
    replaces_drafts: bool = Field(default=True, description="whether our own draft may be overwritten")
    attachments: bool = Field(default=True, description="whether it takes files")
    negative_totals: bool = Field(default=False, description="whether it takes credits")
    zero_totals: bool = Field(default=False, description="whether it takes 0.00")
    currencies: frozenset[str] | None = Field(frozenset({"USD"}), description="those it takes")
    max_number_length: Annotated[int, Field(gt=0)] = Field(21, description="of the invoice number, in characters")
    max_text_length: Annotated[int, Field(gt=0)] = Field(4000, description="of a description, in characters")

    def capabilities(self) -> Capabilities:
        """As published to the decision and to people."""
        return Capabilities(
            exports_owner_invoices=self.exports_owner_invoices,
            steps=(Step.CREATE, Step.FINISH),
            can_look_up=self.can_look_up,
            replay_key=self.replay_key,
            unique_key=self.unique_key,
            settles_after=self.settles_after,
            look_up_staleness=timedelta(seconds=self.look_up_staleness_seconds),
            call_time_limit=self.call_time_limit,
            replaces_drafts=self.replaces_drafts,
            attachments=self.attachments,
            tells_open_days=True,
            retainage_shape=RetainageShape.NATIVE_FIELD,
            negative_totals=self.negative_totals,
            zero_totals=self.zero_totals,
            currencies=self.currencies,
            max_number_length=self.max_number_length,
            max_text_length=self.max_text_length,
        )


class SandboxSecrets(BaseModel):
    """The `secrets` of a connection, resolved. Never shown, not even in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_secret: Secret = Field(description="what the book was opened with")
