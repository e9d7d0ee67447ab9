"""A small driver for histories: what happens to one owner invoice in Procore, in the ERP and by people's commands."""

from datetime import datetime, timedelta
from typing import Any

from services.export_worker.core.orders import Circumstances, judge_command
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.entries import EntryBody, Received
from shared.ledger.words import EntryKind, Reason, Status
from tests.support.builders import CAPABILITIES, KEY
from tests.support.cast import ADA, COMPANY, DAN, PROJECT
from tests.unit.core.walker import Walker

EXPORTED = (Status.EXPORTED, ())
NEW_NUMBER = {"invoice_number": "HB-2026-001-R"}
SETTLED = (CAPABILITIES.absence_proven_after_start + timedelta(seconds=1)).total_seconds()


class Story(Walker):
    """One owner invoice from its draft on. Every method is something that happens."""

    # what happens in Procore

    def edits(self, by: str | None = ADA, **changes: Any) -> None:
        """The invoice changes, and its webhook arrives."""
        assert self.invoice is not None
        self.invoice = self.invoice | changes | {"updated_at": self.now.isoformat()}
        self.hears(by)

    def approves(self, by: str | None = ADA) -> None:
        """It is set to approved."""
        self.edits(by, status="approved")

    def withdraws(self, by: str | None = ADA) -> None:
        """It is sent back."""
        self.edits(by, status="revise_and_resubmit")

    def deletes(self, by: str | None = ADA) -> None:
        """It is deleted."""
        self.invoice = None
        self.hears(by, reason="delete")

    def hears(self, by: str | None = ADA, *, reason: str = "update", at: datetime | None = None) -> None:
        """A webhook arrives; `at` is when it happened."""
        event_id = f"{len(self.entries)}"
        self._append(Received(event_id=event_id, reason=reason, user_id=by, occurred_at=at or self.now))

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    # what people ask

    def asks(self, action: Action, **changes: Any) -> EntryBody:
        """A person's command, judged at once."""
        self._nonces += 1
        assert self.state.look is not None
        usual: dict[str, Any] = {
            "nonce": f"n{self._nonces}",
            "action": action,
            "export_id": 1,
            "company_id": COMPANY,
            "project_id": PROJECT,
            "by": "account-7",
            "role": OperatorRole.ACCOUNTING_APPROVER,
            "why": "because",
            "at": self.now,
            "user_id": DAN,
            "invoice_number": self.state.look.invoice_number,
        }
        found = self._known(self.state.reference(KEY))
        body = judge_command(Command(**usual | changes), Circumstances(state=self.state, standing_before=found))
        self._append(body)
        return body

    # what a test asks

    @property
    def told(self) -> tuple[Status, tuple[Reason, ...]]:
        """Status and reasons."""
        return self.state.status, self.state.reasons

    def count(self, kind: EntryKind) -> int:
        """How many entries of that kind there are."""
        return sum(body.kind is kind for body in self.entries)


def approved(nth: int = 1, **changes: Any) -> Story:
    """An invoice that was seen as a draft, and approved by Ada since."""
    story = Story(nth, **changes)
    story.hears()
    story.walks()
    story.passes(5)
    story.approves()
    return story


def exported(nth: int = 1, **changes: Any) -> Story:
    """One that stands in the ERP."""
    story = approved(nth, **changes)
    story.walks()
    assert story.state.status is Status.EXPORTED, story.told
    story.passes(5)
    return story


def standing(story: Story) -> tuple[int, str | None]:
    """How many live documents there are in the ERP, and the number of the newest."""
    live = story.erp.live()
    return len(live), live[-1].document.number if live else None
