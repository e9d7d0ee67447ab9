"""The routes that Procore has too, one module per noun."""

from deploy.sandbox.procore.api import (
    companies,
    deliveries,
    directory,
    hooks,
    oauth,
    owner_invoices,
    prime_contracts,
    triggers,
    v2_deliveries,
    v2_hooks,
    v2_triggers,
)

ROUTERS = (
    oauth.router,
    companies.router,
    directory.router,
    owner_invoices.router,
    prime_contracts.router,
    hooks.router,
    triggers.router,
    deliveries.router,
    v2_hooks.router,
    v2_triggers.router,
    v2_deliveries.router,
)
