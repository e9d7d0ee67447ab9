"""`python -m deploy.sandbox.erp --port N [--host H] [--book NAME ...]`."""

import argparse
import asyncio

from deploy.sandbox.erp.app import FIRST_BOOKS
from deploy.sandbox.erp.server import ErpServer


def main() -> None:
    """Serve until interrupted. Port 0 takes a free one; the address is the first line printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.erp")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--book", action="append", help="a book to open (repeatable)")
    given = parser.parse_args()
    server = ErpServer(host=given.host, port=given.port, books=tuple(given.book or FIRST_BOOKS))
    print(server.url, flush=True)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
