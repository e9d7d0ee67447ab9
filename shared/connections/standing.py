"""When a connection stops by itself. Pure."""

MOST_INTERNAL_ERRORS = 5  # in a row; then it sends nothing more until a person resumes it


def is_stopped(internal_errors: int) -> bool:
    """After so many errors of our own in a row."""
    return internal_errors >= MOST_INTERNAL_ERRORS
