"""Does a container engine answer? Its client library loads slowly and leaves a socket open when refused."""

import os
import socket

import httpx

DEFAULT_HOST = "unix:///var/run/docker.sock"
PING_SECONDS = 2.0


def engine_answers() -> bool:
    scheme, _, place = (os.environ.get("DOCKER_HOST") or DEFAULT_HOST).partition("://")
    if scheme == "unix":
        return _listens(place) and _pong(httpx.HTTPTransport(uds=place), "engine")
    if scheme == "tcp" and not os.environ.get("DOCKER_TLS_VERIFY"):
        return _pong(httpx.HTTPTransport(), place)
    return False


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _pong(transport: httpx.HTTPTransport, host: str) -> bool:
    with httpx.Client(transport=transport, timeout=PING_SECONDS, trust_env=False) as client:
        try:
            return client.get(f"http://{host}/_ping").is_success
        except httpx.TransportError:
            return False
