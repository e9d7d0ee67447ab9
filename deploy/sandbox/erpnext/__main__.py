"""`python -m deploy.sandbox.erpnext --port N [--host H] [--site NAME ...]`."""

import argparse
import asyncio

from deploy.sandbox.erpnext.app import FIRST_SITES
from deploy.sandbox.erpnext.server import ErpNextServer


def main() -> None:
    """Serve until interrupted. Port 0 takes a free one; the address is the first line printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.erpnext")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--site", action="append", help="a site to make (repeatable)")
    given = parser.parse_args()
    server = ErpNextServer(host=given.host, port=given.port, sites=tuple(given.site or FIRST_SITES))
    print(server.url, flush=True)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
