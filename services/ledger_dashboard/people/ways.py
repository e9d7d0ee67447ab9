"""Where a request came from and where it may go on to: only ever to pages of ours. Pure."""

from urllib.parse import urlsplit

HOME = "/"
LONGEST = 2000


def safe_path(wanted: str | None) -> str:
    """A path with its query, on this site; the overview for anything that a browser could take elsewhere."""
    text = wanted or ""
    if not text.startswith("/") or text.startswith("//") or len(text) > LONGEST or "\\" in text:
        return HOME
    if not text.isascii() or not text.isprintable() or " " in text:
        return HOME
    try:
        parts = urlsplit(text)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/sign-in", "/sign-out")):
        return HOME
    return parts.path + (f"?{parts.query}" if parts.query else "")


def path_of(address: str | None, host: str) -> str:
    """The path of the page that a Referer names, where that page is one of `host`'s; else the overview."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return HOME
    if parts.netloc != host:
        return HOME
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def origin_of(address: str) -> str:
    """scheme://host[:port] of an address, without the port that goes without saying."""
    parts = urlsplit(address.lower())
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host.removesuffix(usual) if usual else host}"
