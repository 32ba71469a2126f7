"""Opening the Apple side of the wallet from what settings say: the identity, the designs, the assembler."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from fedele.adapters.apple_wallet.assembler import AppleWallet, AppleWallets
from fedele.adapters.apple_wallet.certificates import CertificateError, Identity, examine, load_identity
from fedele.adapters.apple_wallet.design import DesignError, load_design
from fedele.adapters.apple_wallet.development import development_identity
from fedele.domains.wallet.ports import PassAssembler

DEVELOPMENT_FOLDER = "apple-development"
WEB_SERVICE_PATH = "/wallet/apple"


def signing_identity(
    data_dir: Path, now: datetime, certificate: str | None, key: str | None, password: str | None, wwdr: str | None
) -> Identity:
    """The configured identity, or, where no certificate is configured, the development one under the data folder.

    The texts are PEM, or base64 of a .p12 (see `load_identity`). Raises CertificateError.
    """
    if certificate is None:
        return development_identity(data_dir / DEVELOPMENT_FOLDER, now)
    return load_identity(certificate, key, password, wwdr)


def open_wallets(identity: Identity, base_url: str, designs: Path | None = None) -> AppleWallets:
    """Compile every design folder for this identity. Raises DesignError naming every file that is wrong."""
    service = base_url.rstrip("/") + WEB_SERVICE_PATH
    folders = design_folders(designs or designs_folder())
    return AppleWallets(AppleWallet(load_design(folder), identity, service) for folder in folders)


def open_assembler(wallets: AppleWallets, assembler: Literal["fedele", "py-pkpass"]) -> PassAssembler:
    """Whoever the settings say makes the passes. Raises DesignError where py-pkpass is asked for and not installed."""
    if assembler == "fedele":
        return wallets
    try:
        from fedele.adapters.py_pkpass.assembler import PyPkpassWallets
    except ModuleNotFoundError as missing:
        raise DesignError(
            ["FEDELE_PASS_ASSEMBLER: py-pkpass is not installed; pip install 'fedele[py-pkpass]'"]
        ) from missing
    return PyPkpassWallets(wallets)


def refuse_unusable(identity: Identity, pass_type_identifier: str, team_identifier: str, now: datetime) -> list[str]:
    """Raise CertificateError if phones would refuse these passes; answer the warnings, for the log. For start-up."""
    findings = examine(identity, pass_type_identifier, team_identifier, now)
    told = [f"{finding.what}; {finding.remedy}" for finding in findings if finding.severity == "error"]
    if told:
        raise CertificateError("\n".join(told))
    return [f"{finding.what}; {finding.remedy}" for finding in findings]


def design_folders(folder: Path) -> list[Path]:
    """The designs in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def designs_folder() -> Path:
    """Where the designs are: inside the installed package, or at the top of the repository."""
    packaged = Path(__file__).parents[2] / "pass_designs"
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / "passes"
