"""What Prometheus is told."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters of one service."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "rsagan_requests", "Answers, by route and status.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram("rsagan_request_seconds", "Time to answer.", ["route"], registry=registry)
        self.refused = Counter("rsagan_refused", "Requests turned away.", ["reason"], registry=registry)
        self.waiting = Gauge("rsagan_waiting", "Requests that wait or run.", registry=registry)
        self.superseded = Counter("rsagan_previews_dropped", "Previews a newer one made useless.", registry=registry)
        self.left = Counter("rsagan_clients_left", "Clients that went before their answer.", registry=registry)
        self.restarts = Counter(
            "rsagan_worker_restarts", "Times the worker had to be started again.", registry=registry
        )
        self.ready = Gauge("rsagan_worker_ready", "1 while the worker can paint.", registry=registry)
        self.sources = Gauge("rsagan_sources", "Prepared people, and backgrounds, in memory.", registry=registry)
        self.source_bytes = Gauge("rsagan_source_bytes", "Memory they take.", registry=registry)
        self.clips = Gauge("rsagan_clips", "Animations being made.", registry=registry)
