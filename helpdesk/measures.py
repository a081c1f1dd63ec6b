"""Figures for Prometheus: requests of this process, and the state of the queues, read from the database when asked."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

REGISTRY = CollectorRegistry()
REQUESTS = Counter("helpdesk_requests", "Requests answered", ["route", "method", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "helpdesk_request_seconds",
    "Time to answer a request",
    ["route"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)

#: name -> (help, function that answers the present value); filled by each app's ready()
_gauges: dict[str, tuple[str, Callable[[], float]]] = {}


def gauge(name: str, description: str, read: Callable[[], float]) -> None:
    """Publish `helpdesk_<name>`, read anew at each scrape."""
    _gauges[name] = (description, read)


class _State:
    def collect(self) -> Iterator[Metric]:
        for name, (description, read) in sorted(_gauges.items()):
            yield GaugeMetricFamily(f"helpdesk_{name}", description, value=read())

    def describe(self) -> list[Metric]:
        return []


REGISTRY.register(_State())


def page() -> bytes:
    """All figures in Prometheus's text format."""
    return generate_latest(REGISTRY)
