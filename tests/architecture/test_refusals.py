"""Every refusal can be told apart, and told in words."""

import importlib
import pkgutil
import string

import fedele
from fedele.kernel.refusal import Refusal


def refusals() -> list[type[Refusal]]:
    """Every subclass of Refusal in the package."""
    for module in pkgutil.walk_packages(fedele.__path__, "fedele."):
        if ".migrations." not in module.name and not module.name.endswith(("__main__", ".asgi")):
            importlib.import_module(module.name)

    def below(kind: type[Refusal]) -> list[type[Refusal]]:
        return [sub for direct in kind.__subclasses__() for sub in (direct, *below(direct))]

    return [kind for kind in below(Refusal) if kind.__module__.startswith("fedele.")]


def test_every_refusal_has_a_code_of_its_own_and_a_message() -> None:
    """Codes are unique, in SCREAMING_SNAKE, and messages name only plain details."""
    kinds = [kind for kind in refusals() if "code" in vars(kind)]
    assert len(kinds) > 10
    codes = [kind.code for kind in kinds]
    assert sorted(codes) == sorted(set(codes))
    for kind in kinds:
        assert kind.code == kind.code.upper(), kind
        assert kind.code.replace("_", "").isalnum(), kind
        for _, name, _, _ in string.Formatter().parse(kind.message):
            assert name is None or name.isidentifier(), kind


def test_every_refusal_that_can_be_raised_has_a_code() -> None:
    """A subclass without a code of its own inherits a real one."""
    for kind in refusals():
        if not kind.__subclasses__():
            assert kind.code, kind
            assert kind.message, kind
