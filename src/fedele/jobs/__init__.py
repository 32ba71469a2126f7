"""From the outbox to work done: the relay, the worker, retries, held jobs, and time-driven work.

The job library (pgqueuer) stays behind this floor. A committed outbox row becomes one job for each handler that listens
to its kind; a job is tried until it succeeds, is asked to wait (RetryLater), or is held for the operator after
`ATTEMPTS_MAX` failures. Delivery is at least once: handlers are idempotent by outbox id. May import kernel and db.
"""
