"""The stand-in identity provider on a port."""

from collections.abc import Mapping
from typing import Any

from deploy.sandbox.faulty.server import SandboxServer
from deploy.sandbox.identity.app import create_app
from deploy.sandbox.identity.tenant import Client, Tenant

CLIENT_ID, CLIENT_SECRET = "invoice-export", "a-secret-between-us"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ada": {"sub": "a-1", "name": "Ada", "groups": ["finance"], "procore_user_id": "160586"},
    "olga": {"sub": "o-2", "name": "Olga", "groups": ["ops", "everybody"]},
    "nick": {"sub": "n-3", "name": "Nick", "groups": ["everybody"]},
}


class IdentityServer(SandboxServer):
    """Knows PEOPLE and one client, who comes back to `redirect_uris`."""

    def __init__(self, *redirect_uris: str, host: str = "127.0.0.1", port: int = 0) -> None:
        client = Client(CLIENT_ID, CLIENT_SECRET, redirect_uris)
        self.tenant = Tenant(dict(PEOPLE), {CLIENT_ID: client})
        super().__init__(create_app(self.tenant), host=host, port=port)
