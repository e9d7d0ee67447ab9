"""One company's books: receivables with their whole history, in memory."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from deploy.sandbox.erp.refusals import RefusedError
from deploy.sandbox.erp.rules import BookRules, check_content, check_posting
from deploy.sandbox.erp.vendor import BookVendor
from deploy.sandbox.erp.wire import Attachment, Content, Receivable, State, totals_of
from deploy.sandbox.faulty.desk import Desk


@dataclass(frozen=True)
class Version:
    """A receivable as it stood from `since` (monotonic seconds) on."""

    since: float
    receivable: Receivable


class Book:
    """One book. Nothing here waits, so each operation is atomic within the process's one event loop."""

    def __init__(self, name: str, rules: BookRules) -> None:
        self.name = name
        self.rules = rules
        self.desk = Desk(BookVendor(self))
        self.tokens: dict[str, float] = {}
        self.history: dict[str, list[Version]] = {}
        self.by_reference: defaultdict[str, list[str]] = defaultdict(list)
        self.posted: dict[str, Receivable] = {}
        self.replays: dict[str, tuple[str, str]] = {}
        self.numbers_given = 0

    @property
    def today(self) -> date:
        """The book's own today, when it was set."""
        return self.rules.today or datetime.now(UTC).date()

    def create(self, content: Content, replay_key: str | None) -> Receivable:
        """A draft. A replay key that was seen answers the first receivable as it stands now."""
        replayed = self.replayed(content, replay_key)
        if replayed is not None:
            return replayed
        check_content(content, self.rules)
        self.check_reference(content.external_reference)
        made = Receivable(
            id=f"R-{len(self.history) + 1:06d}",
            state=State.DRAFT,
            number=None,
            content=content,
            totals=totals_of(content),
            created_at=datetime.now(UTC),
        )
        self.by_reference[content.external_reference].append(made.id)
        if self.rules.replay_key and replay_key:
            self.replays[replay_key] = (digest(content), made.id)
        return self.store(made)

    def replace(self, document_id: str, content: Content) -> Receivable:
        """Overwrite a draft."""
        found = self.current(document_id)
        if found.state is not State.DRAFT:
            raise RefusedError("not_draft", f"{document_id} is {found.state}.")
        if content.external_reference != found.content.external_reference:
            raise RefusedError("reference_fixed", "The reference may not change.", "external_reference")
        check_content(content, self.rules)
        return self.change(found, content=content, totals=totals_of(content))

    def post(self, document_id: str, acknowledged: Collection[str]) -> Receivable:
        """Give the next number; no number is ever left out."""
        found = self.current(document_id)
        check_posting(found, self.rules, self.posted.values(), acknowledged, self.today)
        self.numbers_given += 1
        number = f"AR-{found.content.invoice_date.year}-{self.numbers_given:05d}"
        made = self.change(found, state=State.POSTED, number=number, posted_at=datetime.now(UTC))
        self.posted[made.id] = made
        return made

    def attach(self, document_id: str, attachment: Attachment) -> Receivable:
        """One more file; the same name twice is taken twice, as real ERPs do."""
        found = self.current(document_id)
        return self.change(found, attachments=(*found.attachments, attachment))

    def cancel(self, document_id: str) -> Receivable:
        """A bookkeeper cancels."""
        self.posted.pop(document_id, None)
        return self.change(self.current(document_id), state=State.CANCELLED)

    def delete(self, document_id: str) -> Receivable:
        """A bookkeeper throws a draft away."""
        found = self.current(document_id)
        if found.state is not State.DRAFT:
            raise RefusedError("not_draft", f"{document_id} is {found.state}.")
        return self.change(found, state=State.DELETED)

    def edit(self, document_id: str, changes: dict[str, Any]) -> Receivable:
        """A bookkeeper changes the content by hand, posted or not."""
        found = self.current(document_id)
        content = Content.model_validate(found.content.model_dump() | changes)
        return self.change(found, content=content, totals=totals_of(content))

    def find(self, reference: str) -> list[Receivable]:
        """All that carry the reference, as the read cache shows them."""
        seen = (self.seen(document_id) for document_id in self.by_reference.get(reference, ()))
        return [receivable for receivable in seen if receivable is not None]

    def read(self, document_id: str) -> Receivable:
        """One receivable, as the read cache shows it. Raises RefusedError not_found."""
        found = self.seen(document_id)
        if found is None:
            raise RefusedError("not_found", f"There is no receivable {document_id}.")
        return found

    def current(self, document_id: str) -> Receivable:
        """One receivable as it truly stands. Raises RefusedError not_found."""
        versions = self.history.get(document_id)
        if not versions or versions[-1].receivable.state is State.DELETED:
            raise RefusedError("not_found", f"There is no receivable {document_id}.")
        return versions[-1].receivable

    def every(self) -> Iterator[list[Version]]:
        """Every receivable ever, with all its versions."""
        yield from self.history.values()

    def seen(self, document_id: str) -> Receivable | None:
        """The newest version that is as old as the read cache."""
        until = time.monotonic() - self.rules.read_staleness_seconds
        old_enough = (v for v in reversed(self.history.get(document_id, [])) if v.since <= until)
        version = next(old_enough, None)
        if version is None or version.receivable.state is State.DELETED:
            return None
        return version.receivable

    def replayed(self, content: Content, replay_key: str | None) -> Receivable | None:
        """What the replay key made before. Raises RefusedError when the content is another."""
        if not self.rules.replay_key or replay_key not in self.replays:
            return None
        fingerprint, document_id = self.replays[replay_key]
        if fingerprint != digest(content):
            raise RefusedError("replay_mismatch", "This key was used with other content.")
        return self.history[document_id][-1].receivable

    def check_reference(self, reference: str) -> None:
        """The unique key, where the book has one: one live receivable per reference."""
        if not self.rules.unique_reference:
            return
        for document_id in self.by_reference.get(reference, ()):
            if self.history[document_id][-1].receivable.state in {State.DRAFT, State.POSTED}:
                raise RefusedError("reference_taken", f"{reference} is {document_id}.", "external_reference")

    def change(self, found: Receivable, **changes: Any) -> Receivable:
        """The next version."""
        made = self.store(found.model_copy(update={**changes, "version": found.version + 1}))
        if made.id in self.posted:
            self.posted[made.id] = made
        return made

    def store(self, receivable: Receivable) -> Receivable:
        """Append a version to the history."""
        self.history.setdefault(receivable.id, []).append(Version(time.monotonic(), receivable))
        return receivable


def digest(content: Content) -> str:
    """What the ERP compares when a replay key comes again."""
    return hashlib.sha256(content.model_dump_json().encode()).hexdigest()
