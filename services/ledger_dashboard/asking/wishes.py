"""What a person may ask of one export, as the pages and the API take it; the worker judges it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.ledger_dashboard.asking.sender import make_command
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed, Role
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.shown import ExportRow

LONGEST_WHY = 500
DEED: Mapping[Action, Deed] = {
    Action.REPLAY: Deed.REPLAY,
    Action.RELEASE: Deed.RELEASE,
    Action.ACCEPT: Deed.ACCEPT,
    Action.CONFIRM: Deed.CONFIRM,
    Action.RESOLVE: Deed.RESOLVE,
}
CAPACITIES = ((Role.OPERATOR, OperatorRole.OPERATOR), (Role.ADMIN, OperatorRole.ADMIN))


# What is typed goes into a database, which takes no NUL; half of a surrogate pair is no str for pydantic already.
Typed = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Why = Annotated[Typed, Field(min_length=1, max_length=LONGEST_WHY, description="the reason, for the ledger")]


class Wish(BaseModel):
    """One request. `fingerprint`: of the content that the person was shown, where they were shown one."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    why: Why
    dry_run: StrictBool = Field(default=False, description="only say what it would do now")
    fingerprint: Typed | None = Field(None, max_length=64, description="of the content that was shown")


class Replay(Wish):
    """`afresh`: under a new reference, once nothing stands; then the invoice's number is typed to be sure."""

    afresh: StrictBool = Field(default=False, description="under a new reference, once nothing stands in the ERP")
    invoice_number: Typed | None = Field(None, max_length=200, description="typed to be sure, with afresh")


class Release(Wish):
    """Under the asking person's own recorded rights."""


class Acceptance(Wish):
    """Go on after the ERP's warning."""

    warning: Typed | None = Field(None, max_length=500, description="which warning; by default the one that is asked")


class Confirmation(Wish):
    """What was handed over was imported."""

    erp_number: Typed = Field(min_length=1, max_length=200, description="the number in the ERP")


class Resolution(Wish):
    """How it ended by hand: the ERP's number, or dismissed."""

    erp_number: Typed | None = Field(None, max_length=200, description="the number in the ERP")
    dismissed: StrictBool = Field(default=False, description="it is not to be exported")


WISHES: Mapping[Action, type[Wish]] = {
    Action.REPLAY: Replay,
    Action.RELEASE: Release,
    Action.ACCEPT: Acceptance,
    Action.CONFIRM: Confirmation,
    Action.RESOLVE: Resolution,
}


def command_for(person: Person, export: ExportRow, action: Action, wish: Wish) -> Command:
    """The command, unsigned."""
    return make_command(
        action=action,
        export_id=export.id,
        company_id=export.company_id,
        project_id=export.project_id,
        by=person.who,
        role=capacity(person, action),
        user_id=person.procore_user_id if action is Action.RELEASE else None,
        **wish.model_dump(),
    )


def capacity(person: Person, action: Action) -> OperatorRole:
    """In which capacity this person asks."""
    if action is not Action.RELEASE:
        for role, asked_as in CAPACITIES:
            if role in person.roles:
                return asked_as
    return OperatorRole.ACCOUNTING_APPROVER
