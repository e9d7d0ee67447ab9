"""What happens in the ERP: faults on order, and the bookkeeper's hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.sandbox.demo.erps.sage import batch_of
from deploy.sandbox.demo.scene import Scene
from deploy.sandbox.erp.wire import State
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from shared.ledger.words import Status


@dataclass(frozen=True)
class ErpWill:
    """The ERP will do this to the next request of that step about the invoice; fields as in `Fault`."""

    kind: FaultKind
    step: ErpStep
    fields: Mapping[str, Any] = field(default_factory=dict)
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        number = scene.number(self.invoice)
        await scene.erp.order(scene.book, Fault(kind=self.kind, step=self.step, number=number, **self.fields))


@dataclass(frozen=True)
class ErpGoesAway:
    """Every request to the book is dropped until it comes back."""

    async def play(self, scene: Scene) -> None:
        await scene.erp.order(scene.book, Fault(kind=FaultKind.DROP_BEFORE, count=None))


@dataclass(frozen=True)
class ErpComesBack:
    """The book answers again."""

    async def play(self, scene: Scene) -> None:
        await scene.erp.clear(scene.book)


@dataclass(frozen=True)
class ImportsBatch:
    """The accountant finds the import file with the invoice, imports it into Sage, and says so."""

    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.until(self.invoice, Status.EXPORTING, ())
        environment, reference = scene.stage.environment, scene.reference(self.invoice)
        closed = scene.stage.ledger.until(lambda: batch_of(environment, reference) is not None)
        await scene.patiently(closed, "the file of a closed batch", self.invoice)
        batch = batch_of(environment, reference) or ""
        await scene.stage.cli("exports", "confirm", "--batch", batch, "--as-sent", "--reason", "imported today")


@dataclass(frozen=True)
class SetsRules:
    """The bookkeeper changes the book's rules: see BookRules."""

    rules: Mapping[str, Any]

    async def play(self, scene: Scene) -> None:
        await scene.erp.set_up(scene.book, **self.rules)


@dataclass(frozen=True)
class CancelsInErp:
    """The bookkeeper cancels what was posted."""

    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        document = await scene.only_document(self.invoice)
        await scene.erp.cancel(scene.book, document.id)


@dataclass(frozen=True)
class AltersMeanwhile:
    """While the ERP holds back its answer to `step`, somebody there changes the document."""

    step: ErpStep
    changes: Mapping[str, Any]

    async def play(self, scene: Scene) -> None:
        held = await scene.erp.waiting(scene.book, self.step, seconds=scene.stage.patience)
        if not held:
            raise scene.failure(f"no {self.step} came to the ERP")
        document = await scene.only_document(1)
        await scene.erp.edit(scene.book, document.id, **self.changes)
        await scene.erp.release(scene.book)


@dataclass(frozen=True)
class ChangesInErp:
    """The bookkeeper changes the document by hand."""

    changes: Mapping[str, Any]

    async def play(self, scene: Scene) -> None:
        document = await scene.only_document(1)
        await scene.erp.edit(scene.book, document.id, **self.changes)


@dataclass(frozen=True)
class EntersByHand:
    """Somebody types the invoice into the ERP, under our reference, as a draft."""

    async def play(self, scene: Scene) -> None:
        await scene.stage.enter_by_hand(scene.book, scene.reference(1), scene.number(1), scene.project)


@dataclass(frozen=True)
class DeletesDrafts:
    """The bookkeeper throws away the drafts of this invoice."""

    async def play(self, scene: Scene) -> None:
        for document in await scene.documents(1):
            if document.state is State.DRAFT:
                await scene.erp.delete(scene.book, document.id)
