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
# So long may pass from a step's start on record until the step truly starts: the record itself takes time.
RECORDING = timedelta(seconds=5)


class RetainageShape(StrEnum):
    """How retainage stands in the ERP (domain facts: erp.md section 6)."""

    NET_LINE = "net_line"
    GROSS_PLUS_RECLASS_ENTRY = "gross_plus_reclass_entry"
    NATIVE_FIELD = "native_field"
    CHARGE_ROW = "charge_row"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """Published by each adapter. `currencies` None means any; lengths are in characters.

    `settles_after`: how long after a write was sent the ERP may still commit it. `call_time_limit`: no step takes
    longer, with all that it looks at before it writes.
    """

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
        """A look-up while the write may still be under way proves no absence."""
        if self.settles_after < self.call_time_limit:
            raise ValueError("settles_after must not be shorter than call_time_limit")

    def steps_for(self, *, retained: bool) -> tuple[Step, ...]:
        """The steps that a document needs: without retainage there is nothing to move to another account."""
        return self.steps if retained else tuple(step for step in self.steps if step not in MOVE_RETAINAGE)

    @property
    def step_over_after(self) -> timedelta:
        """How long after a step's start on record none of its writes leaves any more; the lease lasts as long."""
        return self.call_time_limit + RECORDING

    @property
    def absence_proven_after(self) -> timedelta:
        """How long after a write was sent a look-up that finds nothing may be believed."""
        return self.settles_after + self.look_up_staleness

    @property
    def absence_proven_after_start(self) -> timedelta:
        """The same from a step's start on record: its last write may have been sent at the very end."""
        return self.step_over_after + self.absence_proven_after
