"""What to know about the ERP sandbox."""

from services.export_worker.erp.about import About
from services.export_worker.erp.sandbox.settings import SandboxSecrets, SandboxSettings

PLAIN = {"url": "http://127.0.0.1:8070", "book": "main"}

ABOUT = About(
    title="ERP sandbox",
    versions="the one in this repository",
    proven_on="itself, in every test run and in the demo",
    settings=SandboxSettings,
    secrets=SandboxSecrets,
    variants={"as it comes": SandboxSettings.model_validate(PLAIN).capabilities()},
    prerequisites=("A running sandbox: `python -m deploy.sandbox.erp`, or the one that `make up` starts.",),
    limitations=("It keeps everything in memory: it is for trying out, never for books.",),
    considerations=("It can be ordered to misbehave, to see what the ledger says then.",),
    mappings={
        "customer": "a customer id of the book, such as C-100",
        "job": "a job id of the book, such as J-100",
        "account": "any text: the book keeps no chart of accounts",
        "retainage_account": "any text",
    },
    is_for_trying_out=True,
)
