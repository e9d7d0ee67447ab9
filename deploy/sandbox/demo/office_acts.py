"""What accountants and administrators do: commands, records, mappings, pauses, reconciliation."""

from dataclasses import dataclass, replace
from typing import Any

from deploy.sandbox.demo.cast import PERSON
from deploy.sandbox.demo.papers import approver_rows, mapping_rows
from deploy.sandbox.demo.scene import Scene
from shared.events.command import Action, OperatorRole


@dataclass(frozen=True)
class Replays:
    """Asks for a new decision."""

    why: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.command(self.invoice, Action.REPLAY, why=self.why)


@dataclass(frozen=True)
class Releases:
    """An accounting approver takes over under their own record."""

    who: str
    why: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        role, user_id = OperatorRole.ACCOUNTING_APPROVER, str(scene.user(self.who))
        await scene.command(self.invoice, Action.RELEASE, why=self.why, role=role, user_id=user_id)


@dataclass(frozen=True)
class Accepts:
    """Accepts what the ERP warned of."""

    why: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.command(self.invoice, Action.ACCEPT, why=self.why)


@dataclass(frozen=True)
class Dismisses:
    """Decides that it is not exported."""

    why: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        row = scene.row(self.invoice)
        if row is None:
            raise scene.failure(f"nothing is known of invoice {self.invoice}")
        await scene.stage.cli("exports", "resolve", str(row.id), "--dismiss", "--reason", self.why)


@dataclass(frozen=True)
class ResolvesAsPosted:
    """The bookkeeper found the draft in the ERP and posted it: the export is resolved with its number."""

    why: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        draft = await scene.only_document(self.invoice)
        await scene.erp.post(scene.book, draft.id)
        posted = await scene.only_document(self.invoice)
        await scene.note_amount(self.invoice)
        await scene.command(self.invoice, Action.RESOLVE, why=self.why, erp_number=posted.number)


@dataclass(frozen=True)
class Records:
    """An administrator imports a person's rights anew."""

    who: str
    changes: tuple[tuple[str, Any], ...] = ()

    async def play(self, scene: Scene) -> None:
        person = replace(PERSON[self.who], days_old=0, **dict(self.changes))
        rows = approver_rows(scene.project.company, [person])
        await scene.stage.import_csv("approvers", f"approvers-{self.who}.csv", rows)


@dataclass(frozen=True)
class MapsOwner:
    """An administrator maps the project's owner to the ERP's customer."""

    async def play(self, scene: Scene) -> None:
        rows = mapping_rows(scene.project.serving, [scene.project.owner], [])
        await scene.stage.import_csv("mappings", f"mappings-{scene.project.key}.csv", rows)


@dataclass(frozen=True)
class Pauses:
    """Pauses the project's connection."""

    async def play(self, scene: Scene) -> None:
        await scene.stage.cli("connections", "pause", scene.project.serving, "--reason", "bank holiday")


@dataclass(frozen=True)
class Resumes:
    """Resumes the project's connection."""

    async def play(self, scene: Scene) -> None:
        await scene.stage.cli("connections", "resume", scene.project.serving)


@dataclass(frozen=True)
class TiesOut:
    """Compares the connection's exports with the ERP; the worker holds what differs there."""

    async def play(self, scene: Scene) -> None:
        await scene.stage.cli("tie-out", scene.project.serving, "--hold")


@dataclass(frozen=True)
class Reconciles:
    """Compares Procore with the ledger, fresh approvals included."""

    async def play(self, scene: Scene) -> None:
        await scene.stage.cli("reconcile", "--all")
