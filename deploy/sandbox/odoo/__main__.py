"""`python -m deploy.sandbox.odoo --port N [--host H] [--database NAME ...]`."""

import argparse
import asyncio

from deploy.sandbox.odoo.app import FIRST_DATABASES
from deploy.sandbox.odoo.server import OdooServer


def main() -> None:
    """Serve until interrupted. Port 0 takes a free one; the address is the first line printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.odoo")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", action="append", help="a database to make (repeatable)")
    given = parser.parse_args()
    server = OdooServer(host=given.host, port=given.port, databases=tuple(given.database or FIRST_DATABASES))
    print(server.url, flush=True)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
