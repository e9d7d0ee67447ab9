"""python -m tests.bench [NAME ...]: `make bench`. Without a name, all of them, one after the other."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

from tests.bench import pages

BENCHES: Mapping[str, Callable[[], Awaitable[int]]] = {"pages": pages.main}


def main(names: list[str]) -> int:
    """1 when an aim is missed, 2 for a name that there is not."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    return max(asyncio.run(BENCHES[name]()) for name in names or BENCHES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
