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
from fedele.adapters.apple_wallet.looks import Look
from fedele.adapters.apple_wallet.model import PassDocument
from fedele.adapters.apple_wallet.placeholders import Template, is_known, placeholders_in, values_of
from fedele.adapters.apple_wallet.samples import bare_card, full_card
from fedele.adapters.apple_wallet.signing import Signer
from fedele.domains.wallet.types import LOCATIONS_MAX, CardBeacon, CardPlace, CardSpan, CardState

CONTENT_TYPE = "application/vnd.apple.pkpass"
_OWNED = (
    "formatVersion",
    "passTypeIdentifier",
    "teamIdentifier",
    "serialNumber",
    "webServiceURL",
    "authenticationToken",
    "locations",
    "beacons",
    "nfc",
    "relevantDates",
    "expirationDate",
    "voided",
)


_PLACES_REMEMBERED_MAX = 1024
AUTHENTICATION_TOKEN = "authentication_token"  # noqa: S105 - filled like a placeholder, and none that a design may use


@dataclasses.dataclass(frozen=True, slots=True)
class Files:
    """The three files of a pass that differ from card to card."""

    document: bytes
    manifest: bytes
    signature: bytes


class _Compiled:
    """A look of the design with all that is the same on every card done: its text, its hashes, its part of the zip."""

    __slots__ = ("_beginning", "_files", "_known", "manifest_head", "manifest_head_sha256", "template")

    def __init__(self, look: Look, head: Mapping[str, Any], signature_beginning: bytes) -> None:
        own_keys = {"serialNumber": "${serial}", "authenticationToken": f"${{{AUTHENTICATION_TOKEN}}}"}
        self.template = Template({**head, **own_keys, **look.template})
        hashes = {name: _sha1(content) for name, content in look.files.items()}
        self.manifest_head = orjson.dumps(hashes)[:-1] + (b',"pass.json":"' if hashes else b'"pass.json":"')
        self.manifest_head_sha256 = hashlib.sha256(self.manifest_head)
        opened = {"pass.json": b"", "manifest.json": self.manifest_head}
        self._beginning = signature_beginning
        self._known = Archive(look.files, opened | {"signature": signature_beginning})
        self._files = look.files, opened

    def zipped(self, document: bytes, manifest_end: bytes, signature: bytes) -> bytes:
        """The pass. A signature begins with kilobytes of certificates, whose sums are known beforehand."""
        if signature.startswith(self._beginning):
            return self._known.closed_with(document, manifest_end, signature[len(self._beginning) :])
        # The one signature in a deployment's life that begins otherwise need not be fast.
        files, opened = self._files
        return Archive(files, opened | {"signature": b""}).closed_with(document, manifest_end, signature)


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
        self._looks = design.looks
        self._signer = Signer(identity.key, identity.certificate, identity.chain)
        begins = self._signer.beginning()
        self._compiled = {look.name: _Compiled(look, self._fixed, begins) for look in design.looks.all()}
        # A pass that last changed before the certificate was renewed is signed as of the certificate's first moment.
        self._signed_earliest = identity.certificate.not_valid_before_utc
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
        return self._content(self._compiled[self._looks.name_for(card)], card)

    def digest(self, card: CardState) -> bytes:
        """SHA-256 of the content and the design's files."""
        look = self._looks.name_for(card)
        content = self._content(self._compiled[look], card)
        return hashlib.sha256(b"%b%b|%b" % (self._version.encode(), look.encode(), content)).digest()

    def sign(self, card: CardState, signed_at: datetime) -> bytes:
        """The signed pass. Blocks for one private-key operation."""
        look = self._compiled[self._looks.name_for(card)]
        document, manifest_end, signature = self._own_files(look, card, signed_at)
        return look.zipped(document, manifest_end, signature)

    def files(self, card: CardState, signed_at: datetime) -> Files:
        """The pass's own files before they are zipped."""
        look = self._compiled[self._looks.name_for(card)]
        document, manifest_end, signature = self._own_files(look, card, signed_at)
        return Files(document, look.manifest_head + manifest_end, signature)

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """`sign`, in a thread: the signature runs outside the interpreter lock."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.sign, card, signed_at)

    def _content(self, look: _Compiled, card: CardState) -> bytes:
        values = values_of(card)
        values[AUTHENTICATION_TOKEN] = card.authentication_token
        return b"{%b%b}" % (look.template.fill(values), _surroundings(card))

    def _own_files(self, look: _Compiled, card: CardState, signed_at: datetime) -> tuple[bytes, bytes, bytes]:
        """pass.json; what the manifest says after its beginning; the signature."""
        document = self._content(look, card)
        manifest_end = b'%b"}' % _sha1(document).encode()
        manifest_sha256 = look.manifest_head_sha256.copy()
        manifest_sha256.update(manifest_end)
        signature = self._signer.sign_digest(manifest_sha256.digest(), max(signed_at, self._signed_earliest))
        return document, manifest_end, signature

    def _check(self) -> None:
        """A design that cannot make a valid pass is refused here, at start, and not on the first member's phone."""
        template = self.design.template
        problems: list[str] = [f"pass.json: {key} is set by Fedele; take it out" for key in _OWNED if key in template]
        unknown = [(path, name) for path, name in placeholders_in(template) if not is_known(name)]
        problems += [f"{path}: there is no ${{{name}}}; passes/README.md lists what there is" for path, name in unknown]
        for look in self._compiled.values():
            for card in (full_card(template), bare_card(template)):
                problems += document_problems(orjson.loads(self._content(look, card)))
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


def _surroundings(card: CardState) -> bytes:
    """Where and when the card comes up, and whether it still holds: further members of the JSON object, or nothing."""
    own: dict[str, Any] = {}
    if card.beacons:
        own["beacons"] = [_beacon(beacon) for beacon in card.beacons[:LOCATIONS_MAX]]
    if card.nfc and card.card_code:
        own["nfc"] = {
            "message": card.card_code,
            "encryptionPublicKey": card.nfc.encryption_public_key,
            "requiresAuthentication": card.nfc.requires_authentication,
        }
    if card.relevant:
        own["relevantDates"] = [_span(span) for span in card.relevant]
    if card.expires_at:
        own["expirationDate"] = card.expires_at.isoformat()
    if card.voided:
        own["voided"] = True
    locations = _locations(card.places) if card.places else b""
    return b"%b,%b" % (locations, orjson.dumps(own)[1:-1]) if own else locations


class _Locations:
    """Places as JSON. Members of one shop are given one and the same tuple of places, so each is encoded once."""

    def __init__(self) -> None:
        self._encoded: dict[int, tuple[tuple[CardPlace, ...], bytes]] = {}

    def __call__(self, places: tuple[CardPlace, ...]) -> bytes:
        kept = self._encoded.get(id(places))
        if kept is not None and kept[0] is places:  # an id alone may be another tuple's by now
            return kept[1]
        shown = [
            {"latitude": place.latitude, "longitude": place.longitude, "relevantText": place.name}
            for place in places[:LOCATIONS_MAX]
        ]
        encoded = b',"locations":' + orjson.dumps(shown)
        if len(self._encoded) >= _PLACES_REMEMBERED_MAX:
            self._encoded.clear()
        self._encoded[id(places)] = places, encoded
        return encoded


_locations = _Locations()


def _beacon(beacon: CardBeacon) -> dict[str, Any]:
    said = {
        "proximityUUID": beacon.proximity_uuid,
        "major": beacon.major,
        "minor": beacon.minor,
        "relevantText": beacon.relevant_text,
    }
    return {key: each for key, each in said.items() if each is not None}


def _span(span: CardSpan) -> dict[str, str]:
    if span.ends_at is None:
        return {"date": span.starts_at.isoformat()}
    return {"startDate": span.starts_at.isoformat(), "endDate": span.ends_at.isoformat()}


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
        return self.named(card.design)

    def named(self, design: str) -> AppleWallet:
        """The wallet of this design. Raises DesignError if there is no such folder."""
        if design in self._wallets:
            return self._wallets[design]
        known = ", ".join(sorted(self._wallets)) or "none"
        raise DesignError([f"wallet.design: passes/{design} does not exist; there are: {known}"])

    def digest(self, card: CardState) -> bytes:
        """See AppleWallet."""
        return self.of(card).digest(card)

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """See AppleWallet."""
        return await self.of(card).assemble(card, signed_at)
