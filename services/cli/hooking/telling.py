"""How the hooks' plan and state are shown: no token, and no end of one, is ever among it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from services.cli.hooking.places import Place
from services.cli.hooking.provision import PLANNED, Step, step_of
from services.cli.hooking.status import Project, Seen
from services.cli.terminal import cells, say, say_json
from shared.procore.hook_plan import REASONS, Wanted, generation

ONLY_ONE = (
    "PROCORE_WEBHOOK_TOKENS holds one token only: put the new one first and leave the old one behind it, here and at"
    " every receiver; restart the receivers; then ask again. Nothing was changed."
)
ROTATED = (
    "Every hook carries the current token. Keep the previous one in PROCORE_WEBHOOK_TOKENS until"
    ' invoice_export_webhook_tokens_total{token="previous"} has not risen for two hours; then it may be dropped.'
)
STILL_PREVIOUS = "Not every hook is seen to carry the current token: keep both, see `hooks status`, and ask again."


def not_taken(number: int, told: str) -> str:
    which = "current token" if number == 0 else f"token no. {number + 1}"
    return (
        f"The {which} is not taken: {told}. Put both tokens into PROCORE_WEBHOOK_TOKENS of every receiver, restart"
        " them, then ask again. Nothing was changed."
    )


def steps(title: str, found: Sequence[Step], places: int) -> None:
    """A table, or one line when there is nothing."""
    if not found:
        say(f"Nothing to do: {places} projects have what they need.")
        return
    table = Table("Connection", "Project", "Hook", "To do" if title == "Plan" else "Done", "Because", "Result")
    for step in found:
        result = "" if step.result == PLANNED else step.result
        place = step.place
        table.add_row(*cells(place.connection, _named(place), step.hook_id or "new", step.do, step.why, result))
    Console().print(table)


def json_of_steps(found: Sequence[Step]) -> None:
    say_json(
        [
            {**vars(step.place), "hook_id": step.hook_id or None, "do": step.do, "why": step.why, "result": step.result}
            for step in found
        ]
    )


def table_of(projects: Sequence[Project], wanted: Wanted) -> None:
    """One row for each hook; a project without one has a row too."""
    table = Table("Project", "Hook", "Payload", "Triggers", "State", "Token", "Waiting", "Lost", "Never heard")
    for column in ("Oldest", "Last error", "Last success", "To do"):
        table.add_column(column)
    for project in projects:
        todo = project.failure or "; ".join(step_of(project.place, action).do for action in project.todo)
        for row in [_row(seen, wanted) for seen in project.hooks] or [("none", *[""] * 10)]:
            table.add_row(*cells(_named(project.place), *row, todo))
    Console().print(table)


def json_of(projects: Sequence[Project], wanted: Wanted) -> None:
    say_json(
        [
            {
                **vars(project.place),
                "hooks": [_facts(seen, wanted) for seen in project.hooks],
                "todo": [step_of(project.place, action).do for action in project.todo],
                "failure": project.failure,
            }
            for project in projects
        ]
    )


def _row(seen: Seen, wanted: Wanted) -> tuple[str, ...]:
    facts = _facts(seen, wanted)
    return (
        facts["hook_id"],
        facts["payload_version"],
        ", ".join(facts["triggers"]) or "none",
        facts["status"] or "?",
        facts["token"],
        *(str(facts[name]) for name in ("waiting", "lost", "never_heard")),
        _moment(facts["oldest"]),
        facts["last_error"] or "",
        _moment(facts["last_success"]),
    )


def _facts(seen: Seen, wanted: Wanted) -> dict[str, Any]:
    hook, health = seen.standing.hook, seen.health
    heard = {trigger.reason for trigger in seen.standing.triggers}
    return {
        "hook_id": hook.id,
        "destination_url": hook.destination_url,
        "payload_version": hook.payload_version,
        "triggers": [reason for reason in REASONS if reason in heard],
        "status": hook.status,
        "token": generation(hook, wanted.token_ends).value,
        "delivered": health.delivered,
        "waiting": len(health.waiting),
        "lost": len(health.lost),
        "never_heard": len(seen.unheard) + seen.unshown,
        "oldest": health.oldest,
        "last_error": health.last_error,
        "last_success": health.last_success,
    }


def _named(place: Place) -> str:
    return f"{place.project} ({place.project_id})" if place.project else place.project_id


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
