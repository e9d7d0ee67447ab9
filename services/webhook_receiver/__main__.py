"""python -m services.webhook_receiver: the receiver, with its settings from the environment."""

import sys

from services.webhook_receiver.app import ReceiverSettings, run
from shared.settings import SettingsError, load

if __name__ == "__main__":
    try:
        settings = load(ReceiverSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before any log is configured
        sys.exit(2)
    run(settings)
