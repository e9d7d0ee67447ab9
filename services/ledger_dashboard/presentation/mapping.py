"""Mappings as people read them. Pure."""

from collections.abc import Iterator

from shared.connections.mappings import ANY_OTHER, Mapping

Difference = tuple[str, str, str]


def shown(mapping: Mapping) -> dict[str, str]:
    """What a mapping says beside its kind, by label."""
    return {
        "Procore id": "all others" if mapping.procore_id == ANY_OTHER else mapping.procore_id or "",
        "Procore name": mapping.procore_name,
        "ERP id": mapping.erp_id,
        "Note": mapping.note,
    }


def differences(before: Mapping | None, after: Mapping) -> Iterator[Difference]:
    """What changes: its label, what was, what is. Of a new mapping, all that it says."""
    was = shown(before) if before else {}
    for label, now in shown(after).items():
        if was.get(label, "") != now:
            yield label, was.get(label, ""), now
