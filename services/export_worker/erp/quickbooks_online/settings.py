"""What a connection to QuickBooks Online may be set to, and what that makes of its capabilities."""

import base64
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.http import HttpSettings, Seconds, Secret
from services.export_worker.erp.quickbooks_online.mapping import LONGEST_NUMBER

Address = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
# CustomerMemo takes no more; a line's description would take 4000.
LONGEST_TEXT = 1000


class QuickBooksSettings(HttpSettings):
    """The `settings` of a connection. `realm_id` is the company's number in QuickBooks.

    QuickBooks gives up a request of its own after 120 s: we wait a little longer, so that its answer, not our
    impatience, ends the call, and believe an absence only when such a request must be over. `look_up_staleness_seconds`
    is a precaution: whether a query lags behind a create is written nowhere.
    """

    realm_id: Annotated[str, Field(pattern=r"^[0-9]{1,25}$")] = Field(description="the company's number in QuickBooks")
    url: Address = "https://quickbooks.api.intuit.com"
    log_in_url: Address = Field(
        "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", description="where tokens are renewed"
    )
    app_url: Address = Field(
        "https://app.qbo.intuit.com",
        description="where your people open QuickBooks; the link to an invoice begins with it",
    )
    read_timeout_seconds: Seconds = 130
    settles_after_seconds: Seconds = 180
    look_up_staleness_seconds: Annotated[float, Field(ge=0)] = Field(
        10, description="how far its look-up may be behind; how far it truly is, is written nowhere"
    )
    currencies: Annotated[frozenset[Currency], Field(min_length=1)] = Field(
        frozenset({"USD"}), description="those it takes"
    )
    retainage_item_name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        "Retainage receivable", description="the service item that `--prepare` makes for retainage"
    )
    retainage_account_id: Annotated[str, Field(pattern=r"^[0-9]+$")] | None = Field(
        None, description="the id of the account behind that item; without it the item is for a person to make"
    )

    def capabilities(self) -> Capabilities:
        """One write: what is created is posted. There are no drafts, and a total below zero is refused."""
        return Capabilities(
            exports_owner_invoices=True,
            steps=(Step.CREATE,),
            replay_key=True,
            settles_after=self.settles_after,
            look_up_staleness=timedelta(seconds=self.look_up_staleness_seconds),
            call_time_limit=self.call_time_limit,
            draft_then_post=False,
            attachments=True,
            tells_open_days=True,
            retainage_shape=RetainageShape.NET_LINE,
            zero_totals=True,
            currencies=self.currencies,
            required_mappings=frozenset({"customer", "item"}),
            max_number_length=LONGEST_NUMBER,
            max_text_length=LONGEST_TEXT,
        )


class QuickBooksSecrets(BaseModel):
    """The `secrets` of a connection, resolved. `refresh_token` is only for a connection that has none stored yet."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: Secret = Field(description="your app's client id")
    client_secret: Secret = Field(description="your app's client secret")
    refresh_token: Secret | None = Field(None, description="only for a connection that has none stored yet")

    def basic(self) -> str:
        """The Authorization header by which the app names itself."""
        pair = f"{self.client_id.get_secret_value()}:{self.client_secret.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
