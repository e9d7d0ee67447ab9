"""Brings the database to the newest migration. Used by `invoice-export db upgrade` and by the tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(url: str) -> Config:
    """Alembic's configuration, without a file; `url` is the owner's postgresql:// address."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """To the newest. Raises what the database raises; safe to call again and from several machines in turn."""
    command.upgrade(configuration(url), "head")
