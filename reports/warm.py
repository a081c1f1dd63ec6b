"""Statistics in hand before anybody waits for them.

SciPy and statsmodels take seconds to load the first time and weigh more than all the rest of a process. Whoever opened
one report is likely to open another, which may need them; a process that serves nobody who reads reports stays light.
So they are loaded after the first report a web process has drawn, on a thread of its own.
"""

import sys
import threading
from importlib import import_module

from helpdesk import serving

#: what pages import where they need it, the lightest first
MODULES = ("numpy", "scipy.special", "scipy.stats", "statsmodels.stats.contingency_tables")

_begun = threading.Lock()


def soon() -> threading.Thread | None:
    """Load them, once, while somebody reads the report they have. Returns the thread that does, if one was begun."""
    if not serving.is_serving or MODULES[-1] in sys.modules or not _begun.acquire(blocking=False):
        return None
    thread = threading.Thread(target=_load, name="statistics", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for name in MODULES:
        import_module(name)
