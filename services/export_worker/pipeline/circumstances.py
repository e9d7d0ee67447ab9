"""What judging a command needs beside it: what stands in the ERP, and who changed whose record."""

from services.export_worker.core.orders import Circumstances
from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.exports import Export
from services.export_worker.links import Link
from services.export_worker.pipeline.generations import also_by_id, found_from
from shared.approvers import store as approvers
from shared.events.command import Action, Command
from shared.statements import Sessions, at_once


async def read_circumstances(sessions: Sessions, link: Link | None, command: Command, export: Export) -> Circumstances:
    """Asks the ERP only for a replay afresh."""
    return Circumstances(
        state=export.state,
        standing_before=await _standing_before(link, command, export),
        changed_by=await _changers(sessions, command, export),
        second_person_above=link.connection.second_person_above if link else None,
    )


async def _standing_before(link: Link | None, command: Command, export: Export) -> tuple[Found, ...] | None:
    """Before a replay afresh: what stands so far, also without its reference. None: the ERP could not be asked."""
    if command.action is not Action.REPLAY or not command.afresh or link is None:
        return ()
    key = link.terms.reference_key(export.key.payment_application_id)
    found = await also_by_id(link, await found_from(link, export.state.reference(key)), export.state)
    return None if isinstance(found, LookUpFailure) else found


async def _changers(sessions: Sessions, command: Command, export: Export) -> frozenset[str]:
    """Of the releaser's record, and of the first one's where another released it before."""
    if command.action is not Action.RELEASE or not command.user_id:
        return frozenset()
    first = export.state.release_request
    changed: frozenset[str] = frozenset()
    async with at_once(sessions) as session:
        for user_id in (command.user_id, *([first.user_id] if first else [])):
            changed |= await approvers.changers(session, command.company_id, user_id)
    return changed
