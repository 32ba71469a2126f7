"""How much a pass costs beside the one RSA signature it cannot do without, and beside py-pkpass as it comes.

`python tests/benchmarks/pass_signing.py [seconds]` prints one JSON object of ratios of CPU time, taken in turns within
one run, so that a busy machine slows all sides alike:

    pass_vs_rsa       our passes per CPU-second ÷ bare RSA-2048 signatures per CPU-second (1.0 is the ceiling)
    pass_vs_pypkpass  our passes per CPU-second ÷ py-pkpass's, called as its README says

Every pass is another member's: other name, code and balance, so that nothing is remembered from the one before.
"""

import dataclasses
import hashlib
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count, cycle
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from py_pkpass.models import Barcode, BarcodeFormat, Pass, StoreCard

from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.certificates import Identity
from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.apple_wallet.development import development_identity
from fedele.domains.wallet.types import CardBalance, CardState, card_serial
from fedele.kernel.ids import MemberId
from tests.factories.wallet import PASSES, SIGNED_AT, card_state


def cards(many: int = 2000) -> Callable[[], CardState]:
    """A row of different members, made beforehand: what a card costs is counted, not what arranging the run costs."""
    full, made = card_state(), []
    for number in range(1, many + 1):
        member_id = MemberId(UUID(int=number))
        balance = CardBalance(currency="points", name="punti", available=Decimal(number * 37 % 100_000))
        made.append(
            dataclasses.replace(
                full,
                member_id=member_id,
                serial=card_serial(member_id),
                authentication_token=f"token-{number:032}",
                card_code=f"FDL4-{number:08}",
                display_name=f"Member {number}",
                balances=(balance,),
            )
        )
    return cycle(made).__next__


def rsa_alone(identity: Identity) -> Callable[[], object]:
    """One bare signature."""
    key, numbers = identity.key, count()
    assert isinstance(key, RSAPrivateKey)
    scheme, digest = padding.PKCS1v15(), SHA256()
    return lambda: key.sign(hashlib.sha256(next(numbers).to_bytes(8)).digest(), scheme, digest)


def ours(wallet: AppleWallet) -> Callable[[], object]:
    """One signed pass."""
    next_card = cards()
    return lambda: wallet.sign(next_card(), SIGNED_AT)


def py_pkpass(wallet: AppleWallet, folder: Path) -> Callable[[], object]:
    """One pass of py-pkpass, as its README makes one: certificate, key and WWDR by path, the same files."""
    identity, next_card = wallet.identity, cards()
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = (identity.certificate.public_bytes(Encoding.PEM), key, identity.chain[0].public_bytes(Encoding.PEM))
    paths = [folder / name for name in ("certificate.pem", "key.pem", "wwdr.pem")]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    def make() -> object:
        card = next_card()
        style = StoreCard()
        style.addPrimaryField("balance", f"{card.balances[0].available:,}", "PUNTI")
        style.addSecondaryField("member", card.display_name, "SOCIO")
        style.addHeaderField("tier", card.tier_name, "LIVELLO")
        made = Pass(
            style,
            passTypeIdentifier=identity.pass_type_identifier,
            organizationName=card.programme_name,
            teamIdentifier=identity.team_identifier,
        )
        made.serialNumber, made.description = card.serial, card.programme_name
        made.barcode = Barcode(card.card_code, BarcodeFormat.QR)
        for name, content in wallet.design.files.items():
            made.addFile(name, io.BytesIO(content))
        return made.create(*map(str, paths), "")

    return make


def per_cpu_second(work: Callable[[], object], seconds: float) -> float:
    """How often it is done in a second of this process's CPU."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        work()
        done += 1
    return done / spent


def measure(seconds: float = 6.0, rounds: int = 40) -> dict[str, float]:
    """The ratios: medians over rounds in which the three take turns. `seconds` is the CPU time of a whole side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        identity = development_identity(folder / "identity", SIGNED_AT)
        wallet = AppleWallet(load_design(PASSES / "grocer"), identity, "https://loyalty.example/wallet/apple")
        sides = (rsa_alone(identity), ours(wallet), py_pkpass(wallet, folder))
        for side in sides:
            side()
        turns = [[per_cpu_second(side, seconds / rounds) for side in sides] for _ in range(rounds)]
    against_rsa = [own / bare for bare, own, _peer in turns]
    against_peer = [own / peer for _bare, own, peer in turns]
    print(
        "per CPU-second: RSA-2048 {:.0f}, ours {:.0f}, py-pkpass {:.1f}; ours ÷ RSA from {:.3f} to {:.3f}".format(
            *(statistics.median(side) for side in zip(*turns, strict=True)), min(against_rsa), max(against_rsa)
        ),
        file=sys.stderr,
    )
    return {
        "pass_vs_rsa": round(statistics.median(against_rsa), 3),
        "pass_vs_pypkpass": round(statistics.median(against_peer), 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 6.0)))
