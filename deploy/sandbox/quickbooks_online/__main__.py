"""`python -m deploy.sandbox.quickbooks_online --port N [--host H] [--realm ID ...]`."""

import argparse
import asyncio

from deploy.sandbox.quickbooks_online.app import FIRST_REALMS
from deploy.sandbox.quickbooks_online.server import QuickBooksServer


def main() -> None:
    """Serve until interrupted. Port 0 takes a free one; the address is the first line printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.quickbooks_online")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--realm", action="append", help="the id of a company to open (repeatable)")
    given = parser.parse_args()
    server = QuickBooksServer(host=given.host, port=given.port, realms=tuple(given.realm or FIRST_REALMS))
    print(server.url, flush=True)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
