"""An outbox for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.sage_file.outboxes import Scene, open_scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Of Sage 100 Contractor."""
    opened = await open_scene(tmp_path)
    yield opened
    await opened.adapter.close()
