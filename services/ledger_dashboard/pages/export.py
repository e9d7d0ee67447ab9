"""One export: why it stands where it stands, what to do next, and the requests that do it."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking.sender import NotSent
from services.ledger_dashboard.asking.wishes import DEED, WISHES
from services.ledger_dashboard.deeds import exports as deeds
from services.ledger_dashboard.desk import Desk, desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.filters import LARGEST_ID
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.export import Story, read_breaks, read_story
from shared.events.command import Action
from shared.ledger import wording
from shared.ledger.foretold import Foretold
from shared.ledger.reader import CommandRow, read_command
from shared.ledger.shown import EntryRow
from shared.ledger.words import Status
from shared.terminology import STATUS_WORDS

PLURALS = {
    "replays": Action.REPLAY,
    "releases": Action.RELEASE,
    "acceptances": Action.ACCEPT,
    "confirmations": Action.CONFIRM,
    "resolutions": Action.RESOLVE,
}
TICKED = ("afresh", "dismissed")  # in a form all is text
REHEARSED = frozenset({Action.REPLAY, Action.RELEASE})  # shown first, done second

ExportId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
router = APIRouter()


@router.get("/exports/{export_id}", include_in_schema=False)
async def export(
    request: Request,
    export_id: ExportId,
    person: Annotated[Person, Depends(signed_in)],
    told: str | None = None,
) -> HTMLResponse:
    """The page. `told` names a command whose answer is shown."""
    desk = desk_of(request)
    async with desk.engine.begin() as connection:
        story = await story_for(connection, person, export_id)
        answered = await _answered(connection, story, told)
        if "x-refresh" not in request.headers:
            await record(connection, person, "saw", f"export {export_id}", story.detail.export.company_id)
    breaks = await read_breaks(desk.engine, export_id)
    return desk.pages.render(
        request,
        "export.html",
        person,
        live=True,
        breaks=breaks,
        **shown(story, person),
        **_flash(answered),
    )


def shown(story: Story, person: Person) -> dict[str, Any]:
    """What the template needs of an export."""
    detail = story.detail
    state, row = detail.state, detail.export
    handed_over = bool(state.attempt and state.attempt.unresolved and state.attempt.handed_over)
    open_to_people = row.status not in (Status.EXPORTING, Status.EXPORTED)
    return {
        "story": story,
        "row": row,
        "state": state,
        "sentence": _begun_large(wording.sentence(row).partition(": ")[2]),
        "fingerprint": (state.look.fingerprint if state.look else None) or "",
        "entries": [(each, _moved(each), wording.particulars(each.body)) for each in reversed(detail.entries)],
        "documents": {each.seq: masked(document) for each in detail.entries if (document := _document(each))},
        "may": {action.value: person.may(deed) for action, deed in DEED.items()},
        "can": {
            "replay": open_to_people,
            "afresh": row.status is not Status.EXPORTING and bool(row.invoice_number),
            "release": open_to_people and bool(state.look and state.look.fingerprint),
            "accept": open_to_people and state.warning is not None,
            "confirm": handed_over,
            "resolve": row.status is not Status.EXPORTING or handed_over,
        },
        "events": [(each, masked_body(each.raw)) for each in detail.events],
    }


async def story_for(connection: AsyncConnection, person: Person, export_id: int) -> Story:
    """Raises HTTPException 404 for what is not there, or not for this person: nobody can tell which."""
    story = await read_story(connection, export_id, person.companies)
    if story is None:
        raise HTTPException(404, "There is no such export, or you may not see it.")
    return story


def masked_body(raw: bytes) -> str:
    """A webhook's body as text, cut to what a page can hold."""
    return masked(raw.decode(errors="replace")[:20_000])


def _moved(entry: EntryRow) -> str:
    before, after = STATUS_WORDS[entry.status_before], STATUS_WORDS[entry.status]
    return after if before == after else f"{before} → {after}"


def _begun_large(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _document(entry: Any) -> dict[str, Any] | None:
    document: dict[str, Any] | None = getattr(entry.body, "document", None)
    return document


async def _answered(connection: AsyncConnection, story: Story, nonce: str | None) -> CommandRow | str | None:
    """The command that the address names, if it was for this export; its nonce while it is not taken in yet."""
    if not nonce or not nonce.isalnum():
        return None
    command = await read_command(connection, nonce)
    if command is None:
        return nonce
    return command if command.body.get("export_id") == story.detail.export.id else None


def _flash(answered: CommandRow | str | None) -> dict[str, Any]:
    if answered is None:
        return {"rehearsal": None, "asked": None}
    if isinstance(answered, str) or answered.handled_at is None:
        sent = "Sent. The worker has not answered yet: this page shows what becomes of it."
        return {"flash": {"kind": "", "text": sent}, "rehearsal": None, "asked": None}
    if answered.refusal is not None:
        refused = f"Refused: {answered.refusal}."
        return {"flash": {"kind": "bad", "text": refused}, "rehearsal": None, "asked": None}
    if answered.answer is not None:
        return {"rehearsal": Foretold.model_validate(answered.answer), "asked": answered.body}
    done = f"Done: {answered.body['action']} was followed."
    return {"flash": {"kind": "", "text": done}, "rehearsal": None, "asked": None}


async def ask(request: Request, export_id: int, action: Action, person: Person) -> Response:
    """Take the form, send the command, wait a little, and show the export again."""
    desk = desk_of(request)
    async with desk.engine.connect() as connection:
        story = await story_for(connection, person, export_id)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str) and value}
    form.pop("csrf", None)
    step = form.pop("step", "")
    try:
        ticked = {name: form[name] == "true" for name in TICKED if name in form}
        wish = WISHES[action].model_validate({**form, **ticked, "dry_run": action in REHEARSED and step != "go"})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return await _again(desk, request, person, export_id, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    try:
        asked = await deeds.ask(desk.sender, desk.engine, person, story.detail.export, action=action, wish=wish)
    except NotSent as error:
        return await _again(desk, request, person, export_id, f"Kafka did not take it ({error}): nothing was asked.")
    return RedirectResponse(f"/exports/{export_id}?{urlencode({'told': asked.nonce})}", status_code=303)


async def _again(desk: Desk, request: Request, person: Person, export_id: int, problem: str) -> HTMLResponse:
    async with desk.engine.connect() as connection:
        story = await story_for(connection, person, export_id)
    breaks = await read_breaks(desk.engine, export_id)
    flash = {"kind": "bad", "text": problem}
    values = shown(story, person) | {"breaks": breaks, "rehearsal": None, "asked": None, "flash": flash}
    return desk.pages.render(request, "export.html", person, status=422, **values)


def _add(plural: str, action: Action) -> None:
    async def asked(
        request: Request, export_id: ExportId, person: Annotated[Person, Depends(require(DEED[action]))]
    ) -> Response:
        return await ask(request, export_id, action, person)

    router.post(f"/exports/{{export_id}}/{plural}", include_in_schema=False)(asked)


for plural, action in PLURALS.items():
    _add(plural, action)
