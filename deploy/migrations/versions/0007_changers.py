"""Who in Procore changed an approver's record; and the dashboard ends a stop after errors of our own"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The version before leaves the new column empty and does not use the grant."""
    op.add_column(
        "approver_records",
        sa.Column(
            "changed_by_user_id",
            sa.Text(),
            nullable=True,
            comment="who that is in Procore, whatever they signed in with; null: nobody there",
        ),
    )
    for statement in (*_CHANGERS_SO_FAR, _GRANT):
        op.execute(statement)


_CHANGERS_SO_FAR = (
    """
    UPDATE approver_records SET changed_by_user_id = accounts.procore_user_id FROM accounts
    WHERE changed_by = 'account:' || accounts.id AND accounts.procore_user_id IS NOT NULL
    """,
    """
    UPDATE approver_records SET changed_by_user_id = api_tokens.procore_user_id FROM api_tokens
    WHERE changed_by = 'token:' || api_tokens.id AND api_tokens.procore_user_id IS NOT NULL
    """,
)
_GRANT = "GRANT UPDATE (internal_errors) ON connection_states TO invoice_export_dashboard"
