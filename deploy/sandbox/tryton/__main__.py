"""`python -m deploy.sandbox.tryton --port N [--module] [--lts] [--party CODE=NAME ...]`."""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from deploy.sandbox.faulty.proxy import create_proxy
from deploy.sandbox.faulty.server import SandboxServer
from deploy.sandbox.local.processes import StartError
from deploy.sandbox.tryton.server import start
from deploy.sandbox.tryton.vendor import TrytonVendor
from deploy.sandbox.tryton.workshop import LONG_TERM, NEWEST

FIRST_PARTIES = ("C-100=Harbor Library District",)


def main() -> int:
    """Serve until interrupted, then nothing is left of it. Port 0 takes a free one; what to log in with is printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.tryton")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--module", action="store_true", help="with our module")
    parser.add_argument("--lts", action="store_true", help="the series with long-term support, not the newest")
    parser.add_argument("--party", action="append", help="a customer, as CODE=NAME (repeatable)")
    given = parser.parse_args()
    parties = dict(party.split("=", 1) for party in given.party or FIRST_PARTIES)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    print("starting; the first time on a machine it is installed, which takes a minute or two", file=sys.stderr)
    try:
        with (
            contextlib.suppress(KeyboardInterrupt),
            tempfile.TemporaryDirectory() as folder,
            start(
                Path(folder), module=given.module, parties=parties, series=LONG_TERM if given.lts else NEWEST
            ) as tryton,
        ):
            server = SandboxServer(create_proxy(tryton.url, TrytonVendor()), port=given.port)
            print(f"TRYTON_URL={server.url}\nTRYTON_DATABASE={tryton.database}")
            print(f"TRYTON_USER={tryton.user}\nTRYTON_PASSWORD={tryton.password}", flush=True)
            asyncio.run(server.serve())
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
