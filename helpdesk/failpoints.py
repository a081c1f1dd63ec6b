"""Named places on the way of a mail and of a job where a test can let the process die, wait or fail.

The product only names the places. What happens there is installed by the tests (tests/faults/arming.py), which no
image holds: nothing an installation can set makes a helpdesk hurt itself. docs/reliability.md says where each one is.
"""

import socket
from collections.abc import Callable

#: a place's name, and the connection that is open there, if one is
Hook = Callable[[str, socket.socket | None], None]

_hook: Hook | None = None


def reach(name: str, line: socket.socket | None = None) -> None:
    """Say that the process is at this place. Does nothing unless a test installed what happens here."""
    if _hook is not None:
        _hook(name, line)


def install(hook: Hook | None) -> None:
    """Let `hook` hear of every place that is reached; None ends that."""
    global _hook
    _hook = hook


def is_armed() -> bool:
    """Whether something listens at the fail points."""
    return _hook is not None
