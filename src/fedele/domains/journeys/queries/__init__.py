"""Journeys' queries: where members stand and why, and a journey in numbers."""

from fedele.domains.journeys.queries.figures import figures_of, list_journeys
from fedele.domains.journeys.queries.runs import export_personal_data, list_inside, next_due, run_of, trace

__all__ = ["export_personal_data", "figures_of", "list_inside", "list_journeys", "next_due", "run_of", "trace"]
