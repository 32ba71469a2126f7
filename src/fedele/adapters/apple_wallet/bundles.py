"""Several passes in one file: what a phone adds with a single tap (`.pkpasses`)."""

from collections.abc import Mapping

from fedele.adapters.apple_wallet.archive import bundle as zipped

CONTENT_TYPE = "application/vnd.apple.pkpasses"
PASSES_MAX = 10
BYTES_MAX = 150 * 1024 * 1024  # both limits: Apple, "Distributing and updating a pass"


class BundleTooLarge(ValueError):
    """More passes, or more bytes, than a phone takes in one bundle."""


def bundle_of(passes: Mapping[str, bytes]) -> bytes:
    """The bundle of signed passes by serial number, in the order given; each stays as it was signed.

    Raises BundleTooLarge.
    """
    if not passes or len(passes) > PASSES_MAX:
        raise BundleTooLarge(f"a bundle holds 1 to {PASSES_MAX} passes, not {len(passes)}")
    whole = zipped({f"{serial}.pkpass": content for serial, content in passes.items()})
    if len(whole) > BYTES_MAX:
        raise BundleTooLarge(f"a bundle is {BYTES_MAX // 1024 // 1024} MB at most, not {len(whole) // 1024 // 1024} MB")
    return whole
