"""python -m deploy.sandbox.local.account: the stack's own account for the dashboard, from DASHBOARD_*.

It may do everything, so that one person can try all of it.
"""

import asyncio
import contextlib
import os

from services.ledger_dashboard.people.accounts import LoginTaken, add_account
from services.ledger_dashboard.people.passwords import hash_password
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.database import Role as DatabaseRole
from shared.database import create_engine


async def main() -> None:
    """A second call changes nothing."""
    user_id = os.environ.get("DASHBOARD_PROCORE_USER_ID") or None
    holder = Holder("", "Demo", frozenset(Role), None, user_id)
    engine = create_engine(os.environ["DATABASE_URL"], DatabaseRole.OWNER, application_name="demo account", pool_size=1)
    with contextlib.suppress(LoginTaken):
        async with engine.begin() as connection:
            password_hash = hash_password(os.environ["DASHBOARD_PASSWORD"])
            await add_account(connection, os.environ["DASHBOARD_LOGIN"], holder, password_hash, "stack")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
