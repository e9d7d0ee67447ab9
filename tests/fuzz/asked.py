"""What nobody would send to the door, and what its sender knows of it: strategies for whole requests, as bytes."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from services.webhook_receiver.door import PATH
from tests.acceptance.receiving import CURRENT, PREVIOUS

KNOWN = {CURRENT.encode(), PREVIOUS.encode()}
LARGE = 1024 * 1024


class Framing(StrEnum):
    """How the end of the body is told."""

    LENGTH = "length"
    CHUNKED = "chunked"
    NEITHER = "neither"  # HTTP takes it for a request without a body, and the body for another request
    LESS = "less"  # a length that ends before the body does
    MORE = "more"  # a length that the body never reaches; then the client ends its side
    HANGING = "hanging"  # the same, and the client waits
    BOTH = "both"  # a length and chunks, the old trick to smuggle a second request
    BROKEN = "broken"  # a chunk whose size is no number


@dataclass(frozen=True)
class Asked:
    """One request. `cuts` are places between 0 and 1 at which the sender stops for a moment."""

    body: bytes = b"{}"
    authorization: bytes | None = CURRENT.encode()
    method: bytes = b"POST"
    target: bytes = PATH.encode()
    version: bytes = b"1.1"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    framing: Framing = Framing.LENGTH
    cuts: tuple[float, ...] = field(default=())

    @property
    def is_authentic(self) -> bool:
        """Told apart here by the contract's words, not by the receiver's code. Of several headers the first counts."""
        others = (value for name, value in self.headers if name == b"authorization")
        given = (next(others, b"") if self.authorization is None else self.authorization).strip(b" \t")
        if given[:7].lower() == b"bearer ":
            given = given[7:].strip(b" \t")
        return given in KNOWN

    @property
    def is_proper(self) -> bool:
        """A delivery as HTTP has it, to the door, whatever it says."""
        is_framed = self.framing in {Framing.LENGTH, Framing.CHUNKED} and not self.wants_upgrade
        return is_framed and self.method == b"POST" and self.target == PATH.encode() and self.version == b"1.1"

    @property
    def wants_upgrade(self) -> bool:
        """Behind which no body can be read."""
        return (b"connection", b"upgrade") in self.headers and any(name == b"upgrade" for name, _ in self.headers)

    @property
    def arriving(self) -> bytes:
        """The body as the receiver has to see it, if it sees one to its end."""
        match self.framing:
            case Framing.NEITHER:
                return b""
            case Framing.LESS:
                return self.body[: len(self.body) // 2]
            case _:
                return self.body

    @property
    def raw(self) -> bytes:
        """On the wire."""
        told = {
            Framing.LENGTH: len(self.body),
            Framing.LESS: len(self.body) // 2,
            Framing.MORE: len(self.body) + 1000,
            Framing.HANGING: len(self.body) + 1000,
            Framing.BOTH: len(self.body),
        }
        lines = [b" ".join([self.method, self.target, b"HTTP/" + self.version]), b"Host: receiver"]
        if self.authorization is not None:
            lines.append(b"Authorization: " + self.authorization)
        lines += [name + b": " + value for name, value in self.headers]
        if self.framing in told:
            lines.append(b"Content-Length: %d" % told[self.framing])
        if self.framing in {Framing.CHUNKED, Framing.BOTH, Framing.BROKEN}:
            lines.append(b"Transfer-Encoding: chunked")
        return b"\r\n".join([*lines, b"", b""]) + self._framed()

    def _framed(self) -> bytes:
        if self.framing not in {Framing.CHUNKED, Framing.BOTH, Framing.BROKEN}:
            return self.body
        size = max(1, len(self.body) // 3)
        chunks = [self.body[at : at + size] for at in range(0, len(self.body), size)]
        sizes = [b"zz" if self.framing is Framing.BROKEN else b"%x" % len(chunk) for chunk in chunks]
        framed = b"".join(told + b"\r\n" + chunk + b"\r\n" for told, chunk in zip(sizes, chunks, strict=True))
        return framed + b"0\r\n\r\n"


VISIBLE = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100))))
VALUES = st.text(st.sampled_from(VISIBLE), max_size=60).map(lambda text: text.encode("latin-1"))
LETTERS = "abcxyz0189!#$%&'*+.^_`|~-"
NAMES = st.text(st.sampled_from(LETTERS), min_size=1, max_size=20).map(lambda text: b"x-" + text.encode())
KNOWN_HEADERS = st.sampled_from(
    [
        (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        *((name, b"\xff\x00"[:1]) for name in (b"traceparent", b"tracestate", b"baggage", b"user-agent", b"cookie")),
        *((b"content-type", value) for value in (b"", b"text/plain; charset=utf-16", b"multipart/form-data")),
        *((b"content-encoding", value) for value in (b"gzip", b"br")),
        *((b"upgrade", value) for value in (b"websocket", b"h2c")),
        *((b"connection", value) for value in (b"close", b"upgrade", b"keep-alive")),
        *((b"expect", value) for value in (b"100-continue", b"miracles")),
        *((b"authorization", value) for value in (b"second", CURRENT.encode())),
        (b"x-long", b"y" * 8_000),
    ]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES) | KNOWN_HEADERS, max_size=6).map(tuple)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WEBHOOKS: tuple[dict[str, Any], ...] = (
    {
        "id": "01KV6R4A9S7M2N8P3Q5T6V7W8X",
        "timestamp": "2026-05-04T13:20:41.512034Z",
        "reason": "update",
        "company_id": "415",
        "project_id": "6021",
        "user_id": "31207",
        "resource_type": "Payment Applications",
        "resource_id": "7700123",
    },
    {
        "ulid": "01KV6R4A9S7M2N8P3Q5T6V7W8Y",
        "company_id": 415,
        "project_id": 6021,
        "user_id": 31207,
        "event_type": "update",
        "resource_name": "Payment Applications",
        "resource_id": 7700123,
    },
)


@st.composite
def webhooks(draw: st.DrawFn) -> bytes:
    """One of Procore's, with odd values in place of some, and fields more or fewer."""
    told = dict(draw(st.sampled_from(WEBHOOKS)))
    for name in draw(st.lists(st.sampled_from(sorted(told)), max_size=3)):
        told[name] = draw(JSON_VALUES)
    if draw(st.booleans()):
        told |= draw(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=2))
    text = json.dumps(told, ensure_ascii=draw(st.booleans()))
    return text.encode(draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig"))), "surrogatepass")


BODIES = st.one_of(
    webhooks(),
    webhooks(),
    st.binary(max_size=200),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"[" * 3_000, b'{"a":' * 3_000, b"\x00", b"\xef\xbb\xbf{}", b"null", b"1e999999"]),
)
SIZES = st.sampled_from([LARGE - 1, LARGE, LARGE + 1, 2 * LARGE])
LARGE_BODIES = SIZES.map(lambda size: b'{"x": "' + b"y" * (size - 9) + b'"}')
TOKENS = st.sampled_from(
    [
        *(CURRENT.encode(), b"Bearer " + CURRENT.encode(), b"bearer   " + PREVIOUS.encode() + b"  "),
        *(PREVIOUS.encode(), b" \t" + CURRENT.encode(), b"BEARER " + PREVIOUS.encode()),
    ]
)
OTHERS = (
    st.none() | VALUES | st.sampled_from([CURRENT.encode()[:-1], CURRENT.encode() + b"x", b"Bearer", b"Basic eA=="])
)
METHODS = st.sampled_from([b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"post", b"BREW"])
PATHS = st.sampled_from(
    [b"/webhooks/procore?token=x", b"/webhooks/procore/", b"//webhooks/procore", b"/webhooks/%70rocore", b"*", b"/%00"]
)
QUICK = st.sampled_from([each for each in Framing if each is not Framing.HANGING])


def seldom(usual: Any, odd: st.SearchStrategy[Any], *, once_in: int = 8) -> st.SearchStrategy[Any]:
    """The usual value, and now and then an odd one."""
    return st.integers(1, once_in).flatmap(lambda number: odd if number == 1 else st.just(usual))


def requests(framings: st.SearchStrategy[Framing] = QUICK) -> st.SearchStrategy[Asked]:
    """Deliveries, most of them proper."""
    return st.builds(
        Asked,
        body=st.integers(1, 40).flatmap(lambda number: LARGE_BODIES if number == 1 else BODIES),
        authorization=st.integers(1, 4).flatmap(lambda number: OTHERS if number == 1 else TOKENS),
        method=seldom(b"POST", METHODS),
        target=seldom(PATH.encode(), PATHS),
        version=seldom(b"1.1", st.sampled_from([b"1.0", b"2.0", b"0.9"]), once_in=30),
        headers=HEADERS,
        framing=seldom(Framing.LENGTH, framings, once_in=2),
        cuts=seldom((), st.lists(st.floats(0, 1), min_size=1, max_size=3).map(lambda cuts: tuple(sorted(cuts)))),
    )
