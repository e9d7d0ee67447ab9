"""`invoice-export hooks`: where Procore tells us of owner invoices; make and repair it, see what did not arrive."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from services.cli.hooking import telling
from services.cli.hooking.asked import (
    ALL,
    HookingSettings,
    ProvisionSettings,
    Scope,
    address,
    asking,
    ends_of,
    heard,
    known_tokens,
    places_of,
    scope_of,
)
from services.cli.hooking.places import Place
from services.cli.hooking.probe import Answer, probe
from services.cli.hooking.provision import Provisioner, Step
from services.cli.hooking.status import Project, feed, look
from services.cli.terminal import NOT_DONE, WRONG_INPUT, AsJson, run, say, settings, stop
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import RecordRefused
from shared.procore.hook_plan import Wanted
from shared.procore.webhooks import Webhooks
from shared.settings import KafkaSettings

app = typer.Typer(help="Procore's hooks to our receiver: make and repair, look after.", no_args_is_help=True)

# Several receivers may stand behind one address, and each must know the new token.
PROBES = 5
WATCHING_SHARE = 0.25


class Version(StrEnum):
    V2 = "v2.0"
    V3 = "v3.0"
    V4 = "v4.0"


ConnectionName = Annotated[str, typer.Option("--connection", help="Only the projects of this connection.")]
Projects = Annotated[list[str] | None, typer.Option("--project", help="Only this project's id; may be repeated.")]
Url = Annotated[str | None, typer.Option("--url", help="The receiver as Procore reaches it; else RECEIVER_URL.")]


@dataclass(frozen=True)
class Order:
    """What `provision` was asked; `url` is the receiver's, None only to remove."""

    settings: ProvisionSettings
    scope: Scope
    url: str | None
    payload_version: Version | None
    probe_url: str | None
    rotate: bool
    remove: bool
    dry_run: bool
    is_watching: bool
    as_json: bool


@app.command()
def provision(
    *,
    connection: ConnectionName = ALL,
    project: Projects = None,
    payload_version: Annotated[
        Version | None,
        typer.Option(help="Hooks of another one are replaced. Left out: as they are, new ones v2.0."),
    ] = None,
    url: Url = None,
    probe_url: Annotated[
        str | None, typer.Option(help="Where this machine reaches the receiver, if not at its public address.")
    ] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="Give every hook the current token.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take every hook of ours away.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, do nothing.")] = False,
    watch: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="MINUTES", help="Again and again, so that new projects get theirs."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make one hook for each project, or repair it: the plan first, then what was done; exit 1 if anything was not.

    Safe to repeat: what is right is left as it is. Hooks of other apps are never touched.
    """
    if (rotate and remove) or (watch and (rotate or remove or dry_run)):
        stop("--rotate and --remove exclude each other, and --watch goes with none of them.", WRONG_INPUT)
    known = settings(ProvisionSettings)
    order = Order(
        settings=known,
        scope=scope_of(known, connection, project),
        url=address(known, url),
        payload_version=payload_version,
        probe_url=probe_url,
        rotate=rotate,
        remove=remove,
        dry_run=dry_run,
        is_watching=watch is not None,
        as_json=as_json,
    )
    if order.url is None and not remove:
        stop("Say where Procore reaches the receiver: --url, or RECEIVER_URL.", WRONG_INPUT)
    if rotate and not known.procore_webhook_tokens[1:]:
        stop(telling.ONLY_ONE, WRONG_INPUT)
    if watch is None:
        raise typer.Exit(NOT_DONE if run(_provision(order)) else 0)
    while True:
        _once_more(order)
        time.sleep(watch * 60)


@app.command()
def status(
    *,
    connection: ConnectionName = ALL,
    project: Projects = None,
    url: Url = None,
    days: Annotated[int, typer.Option(min=1, help="How far back deliveries are looked at.")] = 14,
    recover: Annotated[bool, typer.Option("--recover", help="Feed what did not arrive into the normal topic.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show each project's hook as Procore sees it, what it could not deliver, and what the ledger never heard of."""
    known = settings(HookingSettings)
    broker = settings(KafkaSettings) if recover else None
    wanted = Wanted(known.procore_hook_namespace, address(known, url), token_ends=ends_of(known_tokens()))
    seen = run(_looked(known, scope_of(known, connection, project), wanted, days))
    if as_json:
        telling.json_of(seen, wanted)
    else:
        telling.table_of(seen, wanted)
    if broker is not None:
        _recover(broker, seen)


async def _provision(order: Order) -> bool:
    """Whether something was left undone."""
    known, tokens = order.settings, order.settings.procore_webhook_tokens
    wanted = Wanted(known.procore_hook_namespace, order.url, order.payload_version, ends_of(tokens))
    async with asking(known, WATCHING_SHARE if order.is_watching else 1) as client:
        maker = Provisioner(Webhooks(client), wanted, tokens[0], heard, rotate=order.rotate, remove=order.remove)
        places = await places_of(client, order.scope)
        steps = [step for place in places for step in await maker.plan(place)]
        if not order.as_json and (steps or not order.is_watching):
            telling.steps("Plan", steps, len(places))
        if not order.dry_run and steps:
            steps = await _settle(order, maker, steps)
            if not order.as_json:
                telling.steps("Done", steps, len(places))
        undone = any(step.is_undone for step in steps)
        if order.rotate and not order.dry_run and not undone:
            undone = await _carries_another_token(maker, places)
            say(telling.STILL_PREVIOUS if undone else telling.ROTATED, err=True)
    if order.as_json:
        telling.json_of_steps(steps)
    return undone


async def _carries_another_token(maker: Provisioner, places: list[Place]) -> bool:
    """Whether a hook is seen to, after all: what was done is read again."""
    found = [step for place in places for step in await replace(maker, rotate=False).plan(place)]
    return any(step.gives_token or step.is_undone for step in found)


async def _settle(order: Order, maker: Provisioner, planned: list[Step]) -> list[Step]:
    """No hook is touched before the receiver was seen to take what the hooks carry, old and new."""
    if (given := next((step for step in planned if step.gives_token), None)) and order.url is not None:
        for number, token in enumerate(order.settings.procore_webhook_tokens):
            for _ in range(PROBES if number == 0 else 1):
                probed = await probe(order.probe_url or order.url, token, given.place.company_id)
                if probed.answer is not Answer.ACCEPTED:
                    stop(telling.not_taken(number, probed.told), NOT_DONE)
    unread = [step for step in planned if step.is_undone]
    places = dict.fromkeys(step.place for step in planned if not step.is_undone)
    return [*unread, *[step for place in places for step in await maker.settle(place)]]


def _once_more(order: Order) -> None:
    try:
        run(_provision(order))
    except typer.Exit:
        say("It will be tried again.", err=True)  # why was said already


async def _looked(known: HookingSettings, scope: Scope, wanted: Wanted, days: int) -> list[Project]:
    since = (datetime.now(UTC) - timedelta(days=days)).date()
    async with asking(known) as client:
        webhooks = Webhooks(client)
        return [await look(webhooks, place, wanted, since, heard) for place in await places_of(client, scope)]


def _recover(broker: KafkaSettings, seen: list[Project]) -> None:
    hooks = [hook for project in seen for hook in project.hooks]
    events = [event for hook in hooks for event in hook.unheard]
    unshown = sum(hook.unshown for hook in hooks)
    try:
        fed = run(feed(broker, events)) if events else 0
    except (BrokerUnavailable, RecordRefused, TimeoutError) as error:
        stop(f"Kafka did not take them ({error or 'no connection'}). Nothing is lost: ask again.", NOT_DONE)
    say(f"{fed} events were fed to the worker, as if they had just arrived.", err=True)
    if unshown:
        say(f"{unshown} events are not shown by Procore: `invoice-export reconcile` finds their invoices.", err=True)
