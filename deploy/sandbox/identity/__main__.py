"""`python -m deploy.sandbox.identity --port N [--host H] --redirect-uri URI ...`."""

import argparse
import asyncio

from deploy.sandbox.identity.server import IdentityServer


def main() -> None:
    """Serve until interrupted. Port 0 takes a free one; the address, which is the issuer, is the first line printed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.identity")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--redirect-uri", action="append", required=True, help="where people come back to (repeatable)")
    given = parser.parse_args()
    server = IdentityServer(*given.redirect_uri, host=given.host, port=given.port)
    print(server.url, flush=True)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
