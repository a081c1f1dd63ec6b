"""Which channels there are: every folder beside this file whose package has a `CHANNEL`."""

import pkgutil
from functools import cache
from importlib import import_module

from tickets import channels
from tickets.channels.protocol import Channel


@cache
def every() -> dict[str, Channel]:
    """The channels by their kind, in the order of their names."""
    found = {}
    for module in pkgutil.iter_modules(channels.__path__):
        if module.ispkg:
            adapter: Channel = import_module(f"{channels.__name__}.{module.name}").CHANNEL
            assert adapter.kind == module.name, f"the channel in {module.name} calls itself {adapter.kind}"
            found[adapter.kind] = adapter
    return dict(sorted(found.items()))


def of(kind: str) -> Channel:
    """The channel of this kind. Raises KeyError."""
    return every()[kind]
