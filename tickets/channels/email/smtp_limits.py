"""How much the receiving server takes at once, and how fast, from whom.

All of it is counted in this process's memory, in tables of a fixed size: a flood costs no question to the database, and
limits hold while the database is away. A restart forgets the counts, and each mailroom counts for itself.
"""

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

#: connections from one client address, where it is not among the unlimited
MOST_FROM_ONE = 20


class Rates:
    """Mails a minute for each key: a bucket that fills evenly. 0 sets no limit."""

    MOST_KEYS = 10_000

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Count one mail of `key`; False when it has sent too many."""
        if not self.a_minute:
            return True
        now = time.monotonic()
        left, at = self._buckets.pop(key, (float(self.a_minute), now))
        left = min(self.a_minute, left + (now - at) * self.a_minute / 60)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        while len(self._buckets) > self.MOST_KEYS:
            self._buckets.popitem(last=False)
        return left >= 1


class Room:
    """The connections and the bytes there is room for."""

    def __init__(self, connections: int, size: int) -> None:
        self.connections, self.size = connections, size
        self._clients: Counter[str] = Counter()
        self._held = 0

    def enter(self, client: str, *, is_unlimited: bool) -> bool:
        """Let a client's connection in; False when there are too many."""
        crowd = not is_unlimited and self._clients[client] >= MOST_FROM_ONE
        if crowd or self._clients.total() >= self.connections:
            return False
        self._clients[client] += 1
        return True

    def leave(self, client: str) -> None:
        """A connection ended."""
        self._clients[client] -= 1
        if self._clients[client] <= 0:
            del self._clients[client]

    def hold(self, size: int) -> bool:
        """Keep so many more bytes of unfinished mails in memory; False when there is no room for them."""
        if self._held + size > self.size:
            return False
        self._held += size
        return True

    def release(self, size: int) -> None:
        """So many bytes are not kept any more."""
        self._held -= size


class Networks:
    """Client addresses that no limit counts: our own machine, our own relays."""

    def __init__(self, words: Sequence[str]) -> None:
        try:
            self._networks = [ipaddress.ip_network(word, strict=False) for word in words]
        except ValueError as error:
            raise ImproperlyConfigured(f"The setting SMTP_UNLIMITED holds no network: {error}") from None

    def __contains__(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def client_of(peer: object) -> str:
    """A client by its address: IPv4 alone, IPv6 by its /64, which is one household's."""
    host = str(peer[0]) if isinstance(peer, tuple) and peer else str(peer or "")
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
