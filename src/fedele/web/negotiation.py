"""Content negotiation: which media type and which language the client would rather have."""

from collections.abc import Sequence

RESPONSE_JSON = "application/graphql-response+json"
LEGACY_JSON = "application/json"

_ENTRIES_MAX = 20  # of a header; whoever lists more means none of them


def weighed(header: str) -> list[tuple[str, float]]:
    """The entries of an Accept-like header with their q, the best first (RFC 9110, 12.4.2); q=0 is left out."""
    entries: list[tuple[str, float]] = []
    for part in header.split(",")[:_ENTRIES_MAX]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((_quality(text[2:]) for text in parameters if text.lower().startswith("q=")), 1.0)
        if name and quality > 0:
            entries.append((name.lower(), quality))
    return sorted(entries, key=lambda entry: -entry[1])


def media_type(accept: str | None) -> str | None:
    """The media type to answer a GraphQL request in, or None when the client takes neither of ours.

    Without an Accept header, and for wildcards, it is the legacy type, as GraphQL over HTTP asks for.
    """
    if not accept:
        return LEGACY_JSON
    for name, _ in weighed(accept):
        if name in {RESPONSE_JSON, LEGACY_JSON}:
            return name
        if name in {"*/*", "application/*"}:
            return LEGACY_JSON
    return None


def language(accept_language: str | None, supported: Sequence[str]) -> str | None:
    """The best supported locale for an Accept-Language header: "it-CH" is served by "it". None when there is none."""
    for name, _ in weighed(accept_language or ""):
        exact = next((locale for locale in supported if locale.lower() == name), None)
        if exact:
            return exact
        base = name.partition("-")[0]
        if base in supported:
            return base
    return None


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
