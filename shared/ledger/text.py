"""Text from other systems, as a database takes it."""


def storable(text: str) -> str:
    """The text as Postgres takes it; unchanged unless it has to be."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
