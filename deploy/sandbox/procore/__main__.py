"""`python -m deploy.sandbox.procore`: the sandbox as a program of its own."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from deploy.sandbox.procore import __doc__ as manual
from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.sandbox import Options

Port = Annotated[int, typer.Option(help="0 takes a free one; uvicorn's log says which.")]
Host = Annotated[str, typer.Option(help="The control routes have no log-in: keep it on loopback.")]
TimeScale = Annotated[float, typer.Option(min=0.001, help="Sandbox seconds in one real second.")]
State = Annotated[Path | None, typer.Option(help="Read at start if it exists, written at stop.")]
ClientId = Annotated[str, typer.Option(envvar="PROCORE_CLIENT_ID")]
ClientSecret = Annotated[str, typer.Option(envvar="PROCORE_CLIENT_SECRET", show_default=False)]
Hourly = Annotated[int, typer.Option(help="REST requests per sandbox hour.")]
Spike = Annotated[int, typer.Option(help="REST requests per ten sandbox seconds.")]
TimeLimit = Annotated[float, typer.Option(help="Real seconds a webhook's receiver may take.")]
Seed = Annotated[int, typer.Option(help="For everything that is left to chance.")]

cli = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@cli.command(help=manual)
def run(
    *,
    port: Port = 9400,
    host: Host = "127.0.0.1",
    time_scale: TimeScale = 1.0,
    state: State = None,
    client_id: ClientId = Options.client_id,
    client_secret: ClientSecret = Options.client_secret,
    hourly_limit: Hourly = Options.hourly_limit,
    spike_limit: Spike = Options.spike_limit,
    delivery_time_limit: TimeLimit = Options.delivery_time_limit,
    seed: Seed = Options.seed,
) -> None:
    options = Options(
        client_id=client_id,
        client_secret=client_secret,
        time_scale=time_scale,
        hourly_limit=hourly_limit,
        spike_limit=spike_limit,
        delivery_time_limit=delivery_time_limit,
        seed=seed,
    )
    uvicorn.run(create_app(options, state_file=state), host=host, port=port, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    cli(prog_name="python -m deploy.sandbox.procore")
