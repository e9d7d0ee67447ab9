"""Groups of commands that are imported when they are asked for: who types one does not wait for all."""

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# Command or group to the module of this folder whose `app` it is.
MODULES = {
    "exports": "exports",
    "approvers": "approvers",
    "mappings": "mappings",
    "connections": "connections",
    "hooks": "hooks",
    "ledger": "ledger",
    "tokens": "tokens",
    "accounts": "accounts",
    "reconcile": "reconcile",
    "tie-out": "tie_out",
    "doctor": "doctor",
}


class Commands(UserDict[str, Any]):
    """By name; a module's name stands for its commands until they are wanted."""

    def __getitem__(self, name: str) -> Any:
        known = super().__getitem__(name)
        if isinstance(known, str):
            module = import_module(f"{__package__}.{known}")
            known = self[name] = typer.main.get_command(module.app)
            known.name = name
        return known


class LazyGroup(TyperGroup):
    """The top of the command line."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands({**self.commands, **MODULES})
