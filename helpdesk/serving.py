"""Whether this process answers requests: it may then do ahead what they would wait for."""

is_serving = False


def begin() -> None:
    """The server has started."""
    global is_serving
    is_serving = True
