"""What an ERP can and what it accepts, as data. Checked before any call, shown to people as it stands."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Step(StrEnum):
    """One write to an ERP. An adapter names those it needs, in order; each is safe to repeat."""

    CREATE = "create"  # the document appears, as a draft where the ERP has drafts
    FINISH = "finish"  # post, submit or release it; "already posted" is success
    RECLASSIFY = "reclassify"  # a second document that moves the retainage, where lines cannot carry it
    SETTLE = "settle"  # ties that second document to the first


MOVE_RETAINAGE = frozenset({Step.RECLASSIFY, Step.SETTLE})


class RetainageShape(StrEnum):
    """How retainage stands in the ERP (domain facts: erp.md section 6)."""

    NET_LINE = "net_line"
    GROSS_PLUS_RECLASS_ENTRY = "gross_plus_reclass_entry"
    NATIVE_FIELD = "native_field"
    CHARGE_ROW = "charge_row"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """Published by each adapter. `currencies` None means any; lengths are in characters."""

    exports_owner_invoices: bool
    steps: tuple[Step, ...]
    can_look_up: bool = True
    replay_key: bool = False
    unique_key: bool = False
    settles_after: timedelta = timedelta(seconds=90)
    look_up_staleness: timedelta = timedelta(0)
    call_time_limit: timedelta = timedelta(seconds=60)
    draft_then_post: bool = True
    replaces_drafts: bool = False
    attachments: bool = False
    tells_open_days: bool = False
    retainage_shape: RetainageShape = RetainageShape.NET_LINE
    negative_totals: bool = False
    zero_totals: bool = False
    takes_tax: bool = True
    currencies: frozenset[str] | None = None
    required_mappings: frozenset[str] = frozenset({"customer"})
    max_number_length: int = 21
    max_text_length: int = 4000

    def __post_init__(self) -> None:
        """Both run from the call's start: a look-up while the call may still be under way proves no absence."""
        if self.settles_after < self.call_time_limit:
            raise ValueError("settles_after must not be shorter than call_time_limit")

    def steps_for(self, *, retained: bool) -> tuple[Step, ...]:
        """The steps that a document needs: without retainage there is nothing to move to another account."""
        return self.steps if retained else tuple(step for step in self.steps if step not in MOVE_RETAINAGE)

    @property
    def absence_proven_after(self) -> timedelta:
        """How long after a call's start a look-up that finds nothing may be believed."""
        return self.settles_after + self.look_up_staleness
