"""Keeping a sandbox between two runs: the whole world as one JSON file, secrets included."""

import os
from pathlib import Path

from pydantic import TypeAdapter

from deploy.sandbox.procore.world import World

WORLD: TypeAdapter[World] = TypeAdapter(World)


def load_world(path: Path) -> World | None:
    """None when there is no such file yet. Raises ValueError when it is not a world."""
    return WORLD.validate_json(path.read_bytes()) if path.exists() else None


def save_world(world: World, path: Path) -> None:
    """The old file stands until the new one is complete; only its owner may read it."""
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(WORLD.dump_json(world))
    draft.replace(path)
