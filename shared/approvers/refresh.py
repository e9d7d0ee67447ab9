"""Brings recorded approvers up to date from Procore's directory. Nothing calls it unless a person asks.

Procore documents `erp_integrated_accountant` only as an accountant's status; that it is the tick box
'Can Push to Accounting' is inferred, so a company compares the two by hand before it relies on this.
The tool level of another person cannot be read at all: therefore a refresh leaves `recorded_at`, and with
it the record's age, as it was.
"""

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.approvers import store
from shared.approvers.record import ApproverRecord

SOURCE = "procore_api"


class DirectoryUser(Protocol):
    """A person in Procore's company directory; None where Procore did not send the field."""

    @property
    def id(self) -> str | int: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def erp_integrated_accountant(self) -> bool | None: ...


class Directory(Protocol):
    """As `shared.procore.directory` offers it."""

    def users(self, company_id: str) -> AsyncIterable[DirectoryUser]: ...


class NoApproverInDirectoryError(Exception):
    """Procore's directory showed none of the recorded people: wrong company, or too few rights to read it."""


@dataclass(frozen=True)
class Refresh:
    """Before and after of each record that changed, and the ids that the directory did not show."""

    changed: tuple[tuple[ApproverRecord, ApproverRecord], ...]
    absent: tuple[str, ...]


async def directory_users(directory: Directory, company_id: str) -> dict[str, DirectoryUser]:
    """Everybody in the company's directory by id. To be read before a transaction opens."""
    return {str(user.id): user async for user in directory.users(company_id)}


async def refresh(
    connection: AsyncConnection, company_id: str, users: Mapping[str, DirectoryUser], changed_by: str
) -> Refresh:
    """Updates `active` and `can_push_to_accounting` of the people already recorded for this company.

    Who no longer is in the directory becomes inactive. Raises NoApproverInDirectoryError, changing nothing,
    when that would be everybody.
    """
    records = await store.all_current(connection, company_id)
    absent = tuple(record.user_id for record in records if record.user_id not in users)
    if records and len(absent) == len(records):
        raise NoApproverInDirectoryError(company_id)
    changed = tuple(changes(records, users))
    await store.save(connection, [after for _, after in changed], changed_by)
    return Refresh(changed, absent)


def changes(
    records: Iterable[ApproverRecord], users: Mapping[str, DirectoryUser]
) -> Iterator[tuple[ApproverRecord, ApproverRecord]]:
    for record in records:
        user = users.get(record.user_id)
        privilege = user.erp_integrated_accountant if user else None
        updated = replace(
            record,
            active=user is not None and user.is_active,
            can_push_to_accounting=record.can_push_to_accounting if privilege is None else privilege,
        )
        if updated != record:
            yield record, replace(updated, source=SOURCE)
