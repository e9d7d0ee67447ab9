"""The certificate authorities that our HTTP clients believe, read once for the process."""

import ssl
from functools import cache

import httpx


@cache
def usual_authorities(*, trust_env: bool = True) -> ssl.SSLContext:
    """As httpx would read them for each client anew, which takes longer than a whole export."""
    return httpx.create_ssl_context(trust_env=trust_env)
