"""How much a pass costs beside the one RSA signature it cannot do without, and beside py-pkpass.

`python -m tests.benchmarks pass_signing` prints ratios of CPU time, taken in turns within one run, so that a busy
machine slows all sides alike:

    pass_vs_rsa              our passes per CPU-second ÷ bare RSA-2048 signatures per CPU-second (1.0 is the ceiling)
    pass_vs_pypkpass         ours ÷ py-pkpass as its README calls it: certificate and key by path, for each pass
    pass_vs_pypkpass_loaded  ours ÷ py-pkpass with its key loaded once (our adapter: FEDELE_PASS_ASSEMBLER=py-pkpass)
    pass_vs_passkit_generator  ours ÷ passkit-generator, the library of Node, with its certificates and files in memory;
                             left out, loudly, where there is no Node or its packages are not installed (`make clients`)
    pass_two_workers         passes per CPU-second of two processes at work together ÷ those of one at work alone;
                             with whole cores to itself this is also what the clock on the wall says (printed beside)

Every pass is another member's: other name, code and balance, so that nothing is remembered from the one before.
"""

import dataclasses
import hashlib
import io
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from itertools import count, cycle
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from py_pkpass.models import Pass

from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets
from fedele.adapters.apple_wallet.certificates import Identity
from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.apple_wallet.development import development_identity
from fedele.adapters.py_pkpass.assembler import PyPkpassWallets, py_pkpass_of
from fedele.domains.wallet.types import CardBalance, CardState, card_serial
from fedele.kernel.ids import MemberId
from tests.factories.wallet import PASSES, SIGNED_AT, card_state
from tests.fixtures.served import CLIENTS, run_node

MADE_BY_THEM = {"manifest.json", "signature"}


def cards(many: int = 256) -> Callable[[], CardState]:
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
    """One pass of py-pkpass as it comes: certificate, key and WWDR by path, read and checked for every pass."""
    next_card, paths = cards(), write_keys(wallet.identity, folder)

    def make() -> object:
        made = py_pkpass_of(wallet, next_card())
        made.__class__ = Pass  # without our loading of the key
        return made.create(*map(str, paths), "")

    return make


def write_keys(identity: Identity, folder: Path) -> list[Path]:
    """Certificate, key and WWDR as files, for libraries that read them."""
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = (identity.certificate.public_bytes(Encoding.PEM), key, identity.chain[0].public_bytes(Encoding.PEM))
    paths = [folder / name for name in ("certificate.pem", "key.pem", "wwdr.pem")]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def py_pkpass_loaded(wallet: AppleWallet) -> Callable[[], object]:
    """One pass of py-pkpass with the key loaded once."""
    theirs, next_card = PyPkpassWallets(AppleWallets([wallet])), cards()
    return lambda: theirs.sign(next_card())


def passkit_generator(wallet: AppleWallet, folder: Path, seconds: float) -> float | None:
    """Passes per CPU-second of Node's passkit-generator on the very files of one of ours; None where it is not here."""
    if shutil.which("node") is None or not (CLIENTS / "node_modules" / "passkit-generator").is_dir():
        print("!! no Node, or no packages in tests/clients: passkit-generator is not compared", file=sys.stderr)
        return None
    with ZipFile(io.BytesIO(wallet.sign(cards()(), SIGNED_AT))) as archive:
        archive.extractall(folder / "files", [name for name in archive.namelist() if name not in MADE_BY_THEM])
    write_keys(wallet.identity, folder)
    told = json.loads(run_node(CLIENTS, "passes.mjs", str(folder), str(seconds)))
    return float(told["per_cpu_second"])


def per_cpu_second(work: Callable[[], object], seconds: float) -> float:
    """How often it is done in a second of this process's CPU."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        work()
        done += 1
    return done / spent


def at_work(folder: Path, seconds: float) -> tuple[float, float]:
    """(passes per CPU-second, passes per second of the wall's clock) of this process."""
    work, done = ours(opened(folder)), 0
    for _warm in range(50):
        work()
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < seconds:
        work()
        done += 1
    return done / (time.process_time() - cpu), done / (time.perf_counter() - wall)


def two_workers(folder: Path, seconds: float, rounds: int = 5) -> float:
    """Two processes together ÷ one alone, by CPU time: the median of rounds in which one and two take turns."""
    ratios, walls = [], []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(at_work, [folder] * 2, [0.05] * 2))
        for _round in range(rounds):
            (alone,) = pool.map(at_work, [folder], [seconds / rounds])
            together = list(pool.map(at_work, [folder] * 2, [seconds / rounds] * 2))
            ratios.append(sum(cpu for cpu, _wall in together) / alone[0])
            walls.append(sum(wall for _cpu, wall in together) / alone[1])
    print(f"two workers ÷ one by the wall's clock: {statistics.median(walls):.2f}", file=sys.stderr)
    return statistics.median(ratios)


def opened(folder: Path) -> AppleWallet:
    """The grocer's card."""
    identity = development_identity(folder / "identity", SIGNED_AT)
    return AppleWallet(load_design(PASSES / "grocer"), identity, "https://loyalty.example/wallet/apple")


def measure(seconds: float = 6.0, rounds: int = 40) -> dict[str, float]:
    """The ratios: medians over rounds in which the sides take turns. `seconds` is the CPU time of a whole side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wallet = opened(folder)
        sides = (rsa_alone(wallet.identity), ours(wallet), py_pkpass(wallet, folder), py_pkpass_loaded(wallet))
        for side in sides:
            for _warm in range(3):
                side()
        turns = [[per_cpu_second(side, seconds / rounds) for side in sides] for _ in range(rounds)]
        both = two_workers(folder, seconds)
        in_node = passkit_generator(wallet, folder, seconds / 2)
    against = [statistics.median(turn[1] / turn[other] for turn in turns) for other in (0, 2, 3)]
    print(
        "per CPU-second: RSA-2048 {:.0f}, ours {:.0f}, py-pkpass {:.1f}, py-pkpass with its key loaded {:.0f}".format(
            *(statistics.median(side) for side in zip(*turns, strict=True))
        ),
        file=sys.stderr,
    )
    figures = {
        "pass_vs_rsa": round(against[0], 3),
        "pass_vs_pypkpass": round(against[1], 1),
        "pass_vs_pypkpass_loaded": round(against[2], 2),
        "pass_two_workers": round(both, 2),
    }
    if in_node is not None:
        figures["pass_vs_passkit_generator"] = round(statistics.median(turn[1] for turn in turns) / in_node, 1)
    return figures


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 6.0)))
