"""Looking up invoices: what stands under a reference, and what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.export_worker.core.outcomes import Failure, Found, LookUpFailure, look_up_failure
from services.export_worker.erp.odoo.mapping import found, name_of, place_of
from services.export_worker.erp.odoo.settings import OdooSettings
from services.export_worker.erp.odoo.transport import Odoo
from services.export_worker.erp.odoo.wire import (
    ACCOUNT_FIELDS,
    ACCOUNTS,
    CLAIMS,
    LINE_FIELDS,
    LINES,
    MOVE_FIELDS,
    MOVES,
    Move,
)

MOVE = "account.move"
ASSET = "asset"


@dataclass(frozen=True)
class Standing:
    """What a look-up saw under one reference."""

    names: tuple[str, ...]
    moves: tuple[Move, ...]


class Reader:
    """Safe to use from many tasks at once."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self.odoo = odoo
        self.settings = settings
        self.groups: dict[int, str] = {}

    async def standing(self, reference: str) -> Standing | Failure:
        """Every invoice under the reference, cancelled ones too."""
        mine = [
            ["module", "=", self.settings.module],
            ["model", "=", MOVE],
            ["name", "=like", f"{name_of(reference)}%"],
        ]
        claims = await self.odoo.ask(CLAIMS, "ir.model.data", "search_read", domain=mine, fields=["name", "res_id"])
        if not isinstance(claims, tuple):
            return claims
        claims = tuple(claim for claim in claims if place_of(reference, claim.name) is not None)
        origin = [["invoice_origin", "=", reference], ["move_type", "=", "out_invoice"]]
        domain = ["|", ["id", "in", [claim.res_id for claim in claims]], "&", *origin]
        moves = await self.odoo.ask(MOVES, MOVE, "search_read", domain=domain, fields=MOVE_FIELDS)
        return Standing(tuple(claim.name for claim in claims), moves) if isinstance(moves, tuple) else moves

    async def move(self, ref: str) -> Move | LookUpFailure | None:
        """One invoice; None when it is not there."""
        if not (ref.isascii() and ref.isdigit()):
            return None
        domain = [["id", "=", int(ref)]]
        moves = await self.odoo.ask(MOVES, MOVE, "search_read", domain=domain, fields=MOVE_FIELDS)
        if not isinstance(moves, tuple):
            return look_up_failure(moves)
        return moves[0] if moves else None

    async def shown(self, moves: Sequence[Move]) -> list[Found] | Failure:
        """With their lines."""
        ids = [line for move in moves for line in move.invoice_line_ids]
        lines = await self.odoo.ask(LINES, "account.move.line", "read", ids=ids, fields=LINE_FIELDS)
        if not isinstance(lines, tuple):
            return lines
        assets = await self.assets(line.account_id for line in lines if line.account_id is not None)
        if not isinstance(assets, frozenset):
            return assets
        return [
            found(move, [line for line in lines if line.move_id == move.id], assets, self.settings.url)
            for move in moves
        ]

    async def assets(self, ids: Iterable[int]) -> frozenset[int] | Failure:
        """Which of these accounts are assets."""
        wanted = set(ids)
        unknown = sorted(wanted - self.groups.keys())
        if unknown:
            answer = await self.odoo.ask(ACCOUNTS, "account.account", "read", ids=unknown, fields=ACCOUNT_FIELDS)
            if not isinstance(answer, tuple):
                return answer
            self.groups |= {account.id: account.internal_group for account in answer}
        return frozenset(one for one in wanted if self.groups.get(one) == ASSET)
