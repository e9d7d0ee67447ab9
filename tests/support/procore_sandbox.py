"""Fixture: a Procore of the test's own, with its log-in in the environment."""

from collections.abc import AsyncIterator

import pytest

from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.sandbox import LOG_IN
from deploy.sandbox.procore.server import serving


@pytest.fixture
async def procore(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SandboxControl]:
    """The sandbox's control side."""
    async with serving(create_app()) as url, SandboxControl(url) as control:
        named = zip(("API_URL", "LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET"), (url, url, *LOG_IN), strict=True)
        for name, value in named:
            monkeypatch.setenv(f"PROCORE_{name}", value)
        yield control
