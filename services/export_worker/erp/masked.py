"""An adapter whose every text is free of secrets: what leaves here goes into the ledger, onto pages and into logs."""

import traceback
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import date
from types import TracebackType
from typing import TypeVar, assert_never

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import (
    AuthExpired,
    Done,
    Found,
    HandedOver,
    LookUpFailure,
    NeedsDecision,
    Outcome,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.adapter import Check, Choice, ErpAdapter, File, Renewal, TokenKeeper, Tokens
from services.export_worker.erp.mask import Mask
from shared.connections.mappings import MappingKind

Seen = TypeVar("Seen")


class AdapterFault(Exception):
    """A fault of ours in an adapter whose own text told a secret: the same traceback, masked."""


class MaskedAdapter:
    """Another adapter, behind the same port. Ids, numbers and warnings' names pass as they are: they are sent again.

    What is raised goes into logs and traces with its text, so that is masked too (AdapterFault).
    """

    def __init__(self, adapter: ErpAdapter, mask: Mask) -> None:
        self._adapter = adapter
        self._mask = mask

    @property
    def capabilities(self) -> Capabilities:
        """See ErpAdapter, as for all that follows."""
        return self._adapter.capabilities

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """Addresses and failures masked."""
        answer = await self._asked(self._adapter.find(reference))
        return self._failure(answer) if isinstance(answer, LookUpFailure) else [self._found(one) for one in answer]

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """Masked."""
        return self._outcome(await self._asked(self._adapter.perform(step, document, ref, accepted)))

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Masked."""
        return self._outcome(await self._asked(self._adapter.replace(ref, document)))

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """Address and failure masked."""
        answer = await self._asked(self._adapter.read(ref))
        return self._found(answer) if isinstance(answer, Found) else self._seen(answer)

    async def attach(self, ref: str, file: File) -> Outcome:
        """Masked."""
        return self._outcome(await self._asked(self._adapter.attach(ref, file)))

    async def check(self) -> Sequence[Check]:
        """Masked."""
        return [self._check(one) for one in await self._asked(self._adapter.check())]

    async def prepare(self) -> Sequence[Check]:
        """Masked."""
        return [self._check(one) for one in await self._asked(self._adapter.prepare())]

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """Names and failures masked."""
        answer = await self._asked(self._adapter.choices(kind))
        if answer is None or isinstance(answer, LookUpFailure):
            return self._seen(answer)
        return [replace(one, name=self._mask.hide(one.name)) for one in answer]

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """A failure masked."""
        return self._seen(await self._asked(self._adapter.first_open_day(day)))

    async def close(self) -> None:
        """Let go of connections."""
        await self._adapter.close()

    async def _asked(self, answer: Awaitable[Seen]) -> Seen:
        with _Masking(self._mask):
            return await answer

    def _outcome(self, outcome: Outcome) -> Outcome:
        hide = self._mask.hide
        match outcome:
            case Done():
                return outcome
            case HandedOver(confirmed_by=by):
                return replace(outcome, confirmed_by=hide(by))
            case Refused(text=text, field=field):
                return replace(outcome, text=hide(text), field=None if field is None else hide(field))
            case NeedsDecision(text=text) | Reread(text=text):
                return replace(outcome, text=hide(text))
            case Unavailable() | Unknown() | AuthExpired():
                return self._failure(outcome)
            case _:
                assert_never(outcome)

    def _failure(self, failure: LookUpFailure) -> LookUpFailure:
        return replace(failure, text=self._mask.hide(failure.text))

    def _seen(self, answer: Seen | LookUpFailure) -> Seen | LookUpFailure:
        return self._failure(answer) if isinstance(answer, LookUpFailure) else answer

    def _found(self, found: Found) -> Found:
        return found if found.url is None else replace(found, url=self._mask.hide(found.url))

    def _check(self, check: Check) -> Check:
        return replace(check, seen=self._mask.hide(check.seen), remedy=self._mask.hide(check.remedy))


class _Masking:
    """Lets pass what tells no secret."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def __enter__(self) -> None:
        """Nothing to do yet."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception):
            return
        told = "".join(traceback.format_exception(error))
        masked = self._mask.hide(told)
        if masked != told:
            raise AdapterFault(masked) from None


class MaskingKeeper:
    """Another keeper, whose tokens the mask learns before anybody could repeat them."""

    def __init__(self, keeper: TokenKeeper, mask: Mask) -> None:
        self._keeper = keeper
        self._mask = mask

    async def access_token(self, renew: Renewal, refused: str | None = None) -> str | LookUpFailure:
        """See TokenKeeper."""

        async def learned(refresh_token: str) -> Tokens | LookUpFailure:
            self._mask.learn(refresh_token)
            got = await renew(refresh_token)
            if isinstance(got, Tokens):
                self._mask.learn(got.access_token, got.refresh_token)
            return got

        token = await self._keeper.access_token(learned, refused)
        if isinstance(token, str):
            self._mask.learn(token)
        return token
