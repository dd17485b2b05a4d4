"""What this process counts, for GET /metrics. Labels are route patterns, never ids."""

from prometheus_client import Counter, Gauge, Histogram

# Around the targets of docs/benchmarks.md: 8 ms for a search, 25 ms for its p95.
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.008, 0.0125, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

REQUEST_SECONDS = Histogram(
    "recollect_request_seconds",
    "Time from a request's head to the end of its answer",
    ("method", "route", "status"),
    buckets=_BUCKETS_S,
)
REQUESTS_IN_FLIGHT = Gauge("recollect_requests_in_flight", "Requests being served")
SEARCHES_DEGRADED = Counter(
    "recollect_searches_degraded_total", "Searches answered without a part", ("part",)
)
POOL_IN_USE = Gauge("recollect_pool_connections_in_use", "Lent database connections", ("pool",))
POOL_SIZE = Gauge("recollect_pool_connections", "Open database connections", ("pool",))
JOBS = Gauge("recollect_jobs", "Jobs of the ledger", ("kind", "state"))
WORKER_SEEN_SECONDS = Gauge(
    "recollect_worker_seen_seconds", "Seconds since a worker gave its heartbeat"
)
