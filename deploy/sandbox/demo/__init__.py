"""The demo: a month-end, played on a stack of its own and proved at the end."""

from deploy.sandbox.demo.play import run

__all__ = ["run"]
