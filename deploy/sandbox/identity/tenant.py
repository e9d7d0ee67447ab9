"""What the identity provider knows: people, clients, its key, and the codes that it gave out."""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CODE_SECONDS = 60
TOKEN_SECONDS = 300
ALGORITHM = "RS256"


@dataclass(frozen=True)
class Client:
    """An application that people log in to."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What an authorization request wanted; checked once, then kept behind a code."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    code_challenge: str


@dataclass
class Given:
    """A code, for one use."""

    asked: Asked
    person: str
    until: float


def new_key() -> RSAKey:
    """No other has its id."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(8), "use": "sig", "alg": ALGORITHM})


@cache
def first_key() -> RSAKey:
    """One for the process: making it takes longer than a whole log-in."""
    return new_key()


@dataclass
class Tenant:
    """`people` are their claims, by the name under which they log in.

    What it can be told to do wrong: `twisted` replaces claims of the next tokens, `false_name` is another issuer's.
    """

    people: dict[str, Mapping[str, Any]]
    clients: dict[str, Client]
    tells_groups_only_when_asked: bool = False
    false_name: str = ""
    twisted: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Given] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    key: RSAKey = field(default_factory=first_key)

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is forgotten."""
        self.key = new_key()

    def public_keys(self) -> dict[str, Any]:
        """As /jwks shows them."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def give_code(self, asked: Asked, person: str) -> str:
        """For the person who logged in."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = Given(asked, person, time.monotonic() + CODE_SECONDS)
        return code

    def redeem(self, code: str, client: Client, redirect_uri: str, verifier: str) -> Given | None:
        """What the code stands for; None for one that is used, old, another's, or without its verifier."""
        given = self.codes.pop(code, None)
        if given is None or given.until < time.monotonic():
            return None
        fits = (given.asked.client_id, given.asked.redirect_uri) == (client.client_id, redirect_uri)
        return given if fits and challenge_of(verifier) == given.asked.code_challenge else None

    def id_token(self, issuer: str, given: Given) -> str:
        """Signed."""
        now = int(time.time())
        claims = dict(self.people[given.person])
        if self.tells_groups_only_when_asked:
            claims.pop("groups", None)
        claims |= {
            "iss": issuer,
            "aud": given.asked.client_id,
            "nonce": given.asked.nonce,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self.key.kid}, claims | self.twisted, self.key)

    def access_token(self, person: str) -> str:
        """Opens /userinfo."""
        token = secrets.token_urlsafe(24)
        self.tokens[token] = person
        return token


def challenge_of(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
