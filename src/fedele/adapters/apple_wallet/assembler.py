"""AppleWallet: the assembler. A design and an identity compiled once; per card, one document and one signature."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from fedele.adapters.apple_wallet.archive import Archive
from fedele.adapters.apple_wallet.certificates import Identity
from fedele.adapters.apple_wallet.design import Design, DesignError
from fedele.adapters.apple_wallet.model import PassDocument
from fedele.adapters.apple_wallet.placeholders import Template, is_known, placeholders_in, values_of
from fedele.adapters.apple_wallet.samples import bare_card, full_card
from fedele.adapters.apple_wallet.signing import Signer
from fedele.domains.wallet.types import LOCATIONS_MAX, CardState

CONTENT_TYPE = "application/vnd.apple.pkpass"
_OWNED = (
    "formatVersion",
    "passTypeIdentifier",
    "teamIdentifier",
    "serialNumber",
    "webServiceURL",
    "authenticationToken",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Files:
    """The three files of a pass that differ from card to card."""

    document: bytes
    manifest: bytes
    signature: bytes


class AppleWallet:
    """Implements PassAssembler. `content` is a pure function of (design, identity's names, state)."""

    content_type = CONTENT_TYPE

    def __init__(self, design: Design, identity: Identity, web_service_url: str, threads: int = 2) -> None:
        """Compile. `web_service_url` is `<base>/wallet/apple`, to which phones add `/v1/…`. Raises DesignError."""
        self.design = design
        self.identity = identity
        self._fixed = {
            "formatVersion": 1,
            "passTypeIdentifier": identity.pass_type_identifier,
            "teamIdentifier": identity.team_identifier,
            "webServiceURL": web_service_url.rstrip("/"),
        }
        self._head = orjson.dumps(self._fixed)[:-1]
        self._template = Template(design.template)
        self._archive = Archive(design.files)
        hashes = {name: _sha1(content) for name, content in design.files.items()}
        self._manifest_head = orjson.dumps(hashes)[:-1] + (b',"pass.json":"' if hashes else b'"pass.json":"')
        self._signer = Signer(identity.key, identity.certificate, identity.chain)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pass-signing")
        names = orjson.dumps([design.version, self._fixed], option=orjson.OPT_SORT_KEYS)
        self._version = hashlib.sha256(names).hexdigest()[:16]
        self._check()

    @property
    def design_version(self) -> str:
        """A hash of the design and of the names in it: with the state, all that a pass's content depends on."""
        return self._version

    def content(self, card: CardState) -> bytes:
        """pass.json for this card: the same bytes for the same state, whenever and wherever it is asked."""
        places = [
            {"latitude": place.latitude, "longitude": place.longitude, "relevantText": place.name}
            for place in card.places[:LOCATIONS_MAX]
        ]
        own: dict[str, Any] = {"serialNumber": card.serial, "authenticationToken": card.authentication_token}
        own |= {"locations": places} if places else {}
        own |= {"voided": True} if card.voided else {}
        return b",".join((self._head, self._template.fill(values_of(card)), orjson.dumps(own)[1:]))

    def digest(self, card: CardState) -> bytes:
        """SHA-256 of the content and the design's files."""
        return hashlib.sha256(self._version.encode() + self.content(card)).digest()

    def sign(self, card: CardState, signed_at: datetime) -> bytes:
        """The signed pass. Blocks for one private-key operation."""
        files = self.files(card, signed_at)
        return self._archive.with_files(
            (("pass.json", files.document), ("manifest.json", files.manifest), ("signature", files.signature))
        )

    def files(self, card: CardState, signed_at: datetime) -> Files:
        """The pass's own files before they are zipped."""
        document = self.content(card)
        manifest = b'%b%b"}' % (self._manifest_head, _sha1(document).encode())
        # A pass that last changed before the certificate was renewed is signed as of the certificate's first moment.
        signed_at = max(signed_at, self.identity.certificate.not_valid_before_utc)
        return Files(document, manifest, self._signer.sign(manifest, signed_at))

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """`sign`, in a thread: the signature runs outside the interpreter lock."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.sign, card, signed_at)

    def _check(self) -> None:
        """A design that cannot make a valid pass is refused here, at start, and not on the first member's phone."""
        template = self.design.template
        problems = [f"pass.json: {key} is set by Fedele; take it out" for key in _OWNED if key in template]
        unknown = [(path, name) for path, name in placeholders_in(template) if not is_known(name)]
        problems += [f"{path}: there is no ${{{name}}}; passes/README.md lists what there is" for path, name in unknown]
        for card in (full_card(template), bare_card()):
            problems += document_problems(orjson.loads(self.content(card)))
        if problems:
            raise DesignError([f"{self.design.name}/{problem}" for problem in dict.fromkeys(problems)])


def document_problems(document: Mapping[str, Any]) -> list[str]:
    """What Wallet would refuse in a pass.json, one line each, with the key's path."""
    try:
        PassDocument.model_validate_json(orjson.dumps(document))
    except ValidationError as error:
        return [
            f"pass.json: {'.'.join(map(str, each['loc'])) or 'document'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
    return []


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()  # what Apple's manifest asks for


class AppleWallets:
    """Implements PassAssembler over every design of `passes/`: the card names its own."""

    def __init__(self, wallets: Iterable[AppleWallet]) -> None:
        self._wallets = {wallet.design.name: wallet for wallet in wallets}
        versions = "".join(wallet.design_version for _name, wallet in sorted(self._wallets.items()))
        self._version = hashlib.sha256(versions.encode()).hexdigest()[:16]

    @property
    def design_version(self) -> str:
        """Changes when any design does."""
        return self._version

    def of(self, card: CardState) -> AppleWallet:
        """The wallet of the card's design. Raises DesignError if there is no such folder."""
        if card.design in self._wallets:
            return self._wallets[card.design]
        known = ", ".join(sorted(self._wallets)) or "none"
        raise DesignError([f"wallet.design: passes/{card.design} does not exist; there are: {known}"])

    def digest(self, card: CardState) -> bytes:
        """See AppleWallet."""
        return self.of(card).digest(card)

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """See AppleWallet."""
        return await self.of(card).assemble(card, signed_at)
