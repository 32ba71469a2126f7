"""Why something about a journey is refused."""

from fedele.kernel.refusal import Refusal


class JourneyNotFound(Refusal):
    """There is no journey of this key, neither in the programme nor with members inside. Details: journey."""

    code = "JOURNEY_NOT_FOUND"
    message = "The programme has no journey {journey}, and nobody is inside one of that key."
