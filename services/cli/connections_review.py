"""What we can say of a connection ourselves, beside what its ERP says: settings that do not fit, mappings. Pure."""

from collections.abc import Collection, Iterator, Mapping

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import Check, CheckResult, Choice
from shared.connections.connection import AccountingDate, Connection, Finish, Mode
from shared.connections.mappings import ANY_OTHER, MappingKind, Mappings

OK, MISSING, WRONG, UNTOLD = CheckResult.OK, CheckResult.MISSING, CheckResult.WRONG, CheckResult.UNTOLD
SHOWN = 10
MODES = {
    Mode.LIVE: Check("mode", OK, "live: what is approved is sent"),
    Mode.REHEARSE: Check("mode", OK, "rehearse: nothing is sent", 'set `mode = "live"` when what it shows is right'),
    Mode.PAUSED: Check("mode", OK, "paused: exports wait", 'set `mode = "live"` to go on'),
}
MAP = "map it: `invoice-export mappings suggest {name} --out FILE.csv`"
Choices = Mapping[MappingKind, Collection[Choice] | LookUpFailure | None]


def settings_checks(connection: Connection, able: Capabilities) -> Iterator[Check]:
    """Whether the connection asks for what its ERP can. A line that is OK and yet has a remedy is a warning."""
    yield MODES[connection.mode]
    if not able.exports_owner_invoices:
        yield Check(
            "owner invoices", WRONG, "this ERP takes none", "each would be held: use another adapter or setting"
        )
    yield _finish(connection.finish, able)
    yield _accounting_date(connection, able)
    yield _start(connection)


def mapping_checks(
    name: str, mappings: Mappings, able: Capabilities, choices: Choices, known: Collection[str] = ()
) -> Iterator[Check]:
    """Kinds that the ERP needs, defaults, and ids that its own lists do not have. `known`: all kinds it can use."""
    for kind in MappingKind:
        mapped = [one for one in mappings.entries if one.kind is kind]
        if mapped:
            yield _known(kind, {one.erp_id for one in mapped}, choices.get(kind))
        elif kind.value in able.required_mappings:
            yield Check(f"mappings: {kind}", MISSING, "none, and this ERP needs it", MAP.format(name=name))
        elif kind is MappingKind.RETAINAGE_ACCOUNT and kind.value in known:
            yield Check(f"mappings: {kind}", OK, "none", "map it, unless the settings name it or nothing is retained")
        for one in mapped:
            if one.procore_id == ANY_OTHER:
                seen = f"all others go to {one.erp_id}"
                yield Check(f"mappings: {kind}", OK, seen, "a default: see that this is meant")


def waiting_checks(name: str, waiting: Mapping[str, int]) -> Iterator[Check]:
    """`waiting`: what lacks a mapping, in words -> how many exports it holds up."""
    remedy = f"{MAP.format(name=name)}, import it, then replay them"
    for detail, count in list(waiting.items())[:SHOWN]:
        held_up = "1 export waits" if count == 1 else f"{count} exports wait"
        yield Check("mappings: exports", MISSING, f"{detail}: {held_up}", remedy)
    if len(waiting) > SHOWN:
        seen = f"{len(waiting) - SHOWN} more things without a mapping hold up exports"
        yield Check("mappings: exports", MISSING, seen, remedy)
    if not waiting:
        yield Check("mappings: exports", OK, "no export waits for a mapping")


def _finish(finish: Finish, able: Capabilities) -> Check:
    if finish is Finish.POSTED:
        return Check("finish", OK, "posted")
    if Step.FINISH not in able.steps:
        return Check("finish", WRONG, "draft, and this ERP has no drafts", 'set `finish = "posted"`')
    return Check("finish", OK, "draft: a person posts in the ERP")


def _accounting_date(connection: Connection, able: Capabilities) -> Check:
    rule = connection.accounting_date
    seen = f"{rule.value}, in {connection.time_zone}"
    if rule is AccountingDate.FIRST_OPEN_DAY and not able.tells_open_days:
        return Check("accounting date", WRONG, f"{seen}; this ERP does not tell its open days", "choose another rule")
    return Check("accounting date", OK, seen)


def _start(connection: Connection) -> Check:
    start = connection.start_from
    if start is None:
        return Check("start", OK, "not set: every invoice counts", "set `start_from` before it goes live")
    if start == "all":
        return Check("start", OK, "every invoice ever approved", "see that none of them stands in the ERP already")
    return Check("start", OK, f"billed from {start} on; earlier ones count as in the ERP")


def _known(kind: MappingKind, ids: Collection[str], listed: Collection[Choice] | LookUpFailure | None) -> Check:
    what, count = f"mappings: {kind}", f"{len(ids)} ERP {'id' if len(ids) == 1 else 'ids'}"
    if listed is None:
        return Check(what, UNTOLD, f"{count}; this ERP tells no list to compare with")
    if isinstance(listed, LookUpFailure):
        return Check(what, UNTOLD, f"{count}; the ERP's list could not be read: {listed.text}")
    gone = sorted(set(ids) - {choice.id for choice in listed})
    if gone:
        seen = f"not on the ERP's list: {', '.join(gone[:SHOWN])}{', ...' if len(gone) > SHOWN else ''}"
        return Check(what, WRONG, seen, "correct the mapping, or open it in the ERP again")
    return Check(what, OK, f"{count}, all on the ERP's list")
