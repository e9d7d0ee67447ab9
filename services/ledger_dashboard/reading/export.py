"""One export with all that a page says about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ledger_dashboard.reading.names import project_names, user_names
from shared.connections.profile import ConnectionProfile
from shared.ledger.reader import ExportDetail, read_export
from shared.ledger.showing import connection_profiles
from shared.ledger.showing_reader import SeenSheet, read_sheet
from shared.ledger.tables import exports
from shared.ledger.verification import Break, Verification


@dataclass(frozen=True)
class Story:
    """An export, the invoice as last seen, who serves it, and names for its ids."""

    detail: ExportDetail
    sheet: SeenSheet | None
    profile: ConnectionProfile | None
    project: str
    users: Mapping[str, str]
    before: tuple[int, str] | None  # the export that this one waits for, and its invoice number

    @property
    def procore_url(self) -> str | None:
        """Where a person sees the invoice in Procore; the path is not documented (docs/procore.md)."""
        export = self.detail.export
        if self.profile is None or export.contract_id is None:
            return None
        contract = f"{self.profile.procore_web_url}/{export.project_id}/project/prime_contracts/{export.contract_id}"
        return f"{contract}/payment_applications/{export.payment_application_id}"

    @property
    def needs_second_person(self) -> bool:
        """Whether a release takes two people."""
        limit = self.profile.second_person_above if self.profile else None
        amount = self.detail.export.amount
        return limit is not None and amount is not None and abs(amount) > limit


async def read_story(connection: AsyncConnection, export_id: int, companies: frozenset[str] | None) -> Story | None:
    """None when there is no such export, or not for whoever asks."""
    detail = await read_export(connection, export_id)
    if detail is None or (companies is not None and detail.export.company_id not in companies):
        return None
    export = detail.export
    names = await project_names(connection, [export])
    return Story(
        detail=detail,
        sheet=await read_sheet(connection, export_id),
        profile=await read_profile(connection, export.connection),
        project=names.get(export.project_id, export.project_id),
        users=await user_names(connection, export.company_id, _people(detail)),
        before=await _before(connection, detail),
    )


async def read_profile(connection: AsyncConnection, name: str) -> ConnectionProfile | None:
    """As the worker that started last had it."""
    asked = select(connection_profiles.c.profile).where(connection_profiles.c.connection == name)
    profile: Any = (await connection.execute(asked)).scalar()
    return None if profile is None else ConnectionProfile.model_validate(profile)


async def read_breaks(engine: AsyncEngine, export_id: int) -> list[Break]:
    """What is broken in its chain, its numbering, its fold or its row; empty: nothing."""
    return [broken async for broken in Verification(engine).breaks_of(export_id)]


def _people(detail: ExportDetail) -> set[str]:
    state = detail.state
    users = set(state.authority.users if state.authority else ())
    users |= {state.release.user_id} if state.release else set()
    return users | {str(user) for each in detail.entries if (user := getattr(each.body, "user_id", None))}


async def _before(connection: AsyncConnection, detail: ExportDetail) -> tuple[int, str] | None:
    export = detail.export
    if export.waits_for is None:
        return None
    columns = exports.c
    asked = select(columns.id, columns.invoice_number, columns.payment_application_id).where(
        columns.company_id == export.company_id,
        columns.payment_application_id == export.waits_for,
        columns.connection == export.connection,
    )
    row = (await connection.execute(asked)).one_or_none()
    return None if row is None else (row.id, row.invoice_number or row.payment_application_id)
