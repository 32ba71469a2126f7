"""PyPkpassWallets: our cards, made into files by py-pkpass."""

import asyncio
import hashlib
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from py_pkpass.models import Barcode, Coupon, EventTicket, Field, Generic, Pass, StoreCard

from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets
from fedele.adapters.apple_wallet.certificates import Identity
from fedele.domains.wallet.types import CardState

# What py-pkpass has no word for: such keys of a design are missing on the cards it makes.
CANNOT_SAY = (
    "maxDistance",
    "relevantDates",
    "semantics",
    "posterGeneric",
    "featuredActions",
    "groupingIdentifier",
    "preferredStyleSchemes",
)
# What it always writes: the single barcode of iOS 8, and a shine that is off.
ALWAYS_SAYS = ("barcode", "suppressStripShine")
# Its signature carries the clock's time, not the one given: two files of one card differ in their signature.

_STYLES = {"storeCard": StoreCard, "coupon": Coupon, "eventTicket": EventTicket, "generic": Generic}
_PLAIN = (
    "serialNumber", "description", "logoText", "webServiceURL", "authenticationToken", "suppressStripShine",
    "backgroundColor", "foregroundColor", "labelColor", "sharingProhibited", "locations", "relevantDate", "userInfo",
    "associatedStoreIdentifiers", "appLaunchURL", "expirationDate", "voided",
)  # fmt: skip


class _LoadedPass(Pass):  # type: ignore[misc]  # py-pkpass has no types
    """A pass that signs with what is loaded already; py-pkpass would read and check the key anew for every pass."""

    identity: Identity

    def _createSignatureCrypto(self, manifest: str, *_paths: str) -> bytes:  # noqa: N802 - py-pkpass's name
        identity = self.identity
        builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest.encode())
        builder = builder.add_signer(identity.certificate, identity.key, hashes.SHA256())
        for certificate in identity.chain:
            builder = builder.add_certificate(certificate)
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])


class PyPkpassWallets:
    """Implements PassAssembler over every design, as AppleWallets does. Signing times are the clock's."""

    def __init__(self, wallets: AppleWallets, threads: int = 2) -> None:
        self._wallets = wallets
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="py-pkpass")

    @property
    def design_version(self) -> str:
        """Another than that of our own assembler: files made by the one are not taken for those of the other."""
        return hashlib.sha256(b"py-pkpass|" + self._wallets.design_version.encode()).hexdigest()[:16]

    def digest(self, card: CardState) -> bytes:
        """See AppleWallet."""
        return self._wallets.digest(card)

    def sign(self, card: CardState) -> bytes:
        """The signed pass, by py-pkpass. Blocks."""
        made = py_pkpass_of(self._wallets.of(card), card)
        return bytes(made.create("", "", "", "").getvalue())

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """`sign`, in a thread. `signed_at` is part of the port; py-pkpass takes none."""
        del signed_at
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.sign, card)


def py_pkpass_of(wallet: AppleWallet, card: CardState) -> Pass:
    """The card as py-pkpass's own object: what it can say, in its own terms."""
    document = orjson.loads(wallet.content(card))
    name = next(key for key in _STYLES if key in document)
    made = _LoadedPass(
        _style(name, document[name]),
        passTypeIdentifier=document["passTypeIdentifier"],
        organizationName=document["organizationName"],
        teamIdentifier=document["teamIdentifier"],
    )
    made.identity = wallet.identity
    for key in _PLAIN:
        if key in document:
            setattr(made, key, document[key])
    made.ibeacons = document.get("beacons")
    if nfc := document.get("nfc"):
        made.nfc_message, made.encryption_public_key = nfc["message"], nfc["encryptionPublicKey"]
        made.requiresAuthentication = nfc["requiresAuthentication"]
    if document.get("barcodes"):
        made.barcode = _barcode(document["barcodes"][-1])  # the last one is drawn by every phone
    for file, content in wallet.design.looks.of(card).files.items():
        made.addFile(file, io.BytesIO(content))
    return made


def _style(name: str, groups: Mapping[str, Any]) -> Any:
    style = _STYLES[name]()
    for group, fields in groups.items():
        for field in fields:
            made = Field(field["key"], field["value"])
            vars(made).clear()  # it begins with an alignment and an empty change message, which would silence others
            vars(made).update(field)
            getattr(style, group, []).append(made)
    return style


def _barcode(code: Mapping[str, Any]) -> Barcode:
    made = Barcode(code["message"], code["format"], code.get("altText", ""))
    made.messageEncoding = code["messageEncoding"]
    return made
