"""Routes under /sandbox: what people do in Procore's screens, trouble on order, and the oracle. No log-in."""

from deploy.sandbox.procore.control import account, invoices, oracle, trouble

ROUTERS = (account.router, invoices.router, trouble.router, oracle.router)
