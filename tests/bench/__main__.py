"""python -m tests.bench [--small] [NAME ...]: `make bench`. Without a name, all of them, one after the other."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from tests.bench import append, burst, catch_up, door, pages, products, reconciliation, scaling, worker
from tests.bench.findings import MissingError


class Bench(Protocol):
    """Prints its table; 1 when an aim is missed. Raises MissingError."""

    def __call__(self, *, is_small: bool) -> Awaitable[int]: ...


BENCHES: Mapping[str, Bench] = {
    "door": door.main,
    "worker": worker.main,
    "products": products.main,
    "burst": burst.main,
    "catch_up": catch_up.main,
    "scaling": scaling.main,
    "reconciliation": reconciliation.main,
    "append": append.main,
    "pages": pages.main,
}


def main(arguments: Sequence[str], benches: Mapping[str, Bench] = BENCHES) -> int:
    """1 when an aim is missed, 2 for a name that there is not and for what this machine cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--small", action="store_true", help="in a minute or so: tries the way, its numbers mean little"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(benches))
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in benches]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(benches)}", file=sys.stderr)
        return 2
    return max(run(name, benches[name], is_small=given.small) for name in given.names or benches)


def run(name: str, bench: Bench, *, is_small: bool) -> int:
    try:
        return asyncio.run(bench(is_small=is_small))
    except MissingError as missing:
        print(f"{name}: not measured, {missing}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
