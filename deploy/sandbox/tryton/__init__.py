"""A real Tryton for trying out: installed from PyPI, seeded once, copied for each start.

Tryton is GPL-3.0-or-later. It runs as a program of its own, in an environment of its own, and is spoken to over HTTP.
"""

from deploy.sandbox.tryton.oracle import Oracle
from deploy.sandbox.tryton.server import RunningTryton, start

__all__ = ["Oracle", "RunningTryton", "start"]
