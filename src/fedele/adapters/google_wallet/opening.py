"""Opening the Google side of the wallet from what settings say."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import httpx

from fedele.adapters.apple_wallet.design import load_design
from fedele.adapters.apple_wallet.opening import design_folders, designs_folder
from fedele.adapters.google_wallet.callbacks import KEYS_URL, Callbacks
from fedele.adapters.google_wallet.rest import GoogleWallet
from fedele.adapters.google_wallet.save_links import GoogleSaveLinks


@dataclasses.dataclass(frozen=True, slots=True)
class GoogleSide:
    """All that a deployment with an issuer account has. `logos` are PNGs by design; `designs` are those of cards."""

    saves: GoogleSaveLinks
    cards: GoogleWallet
    callbacks: Callbacks
    logos: Mapping[str, bytes]
    designs: tuple[str, ...] = ()


def open_google(
    credentials: str,
    issuer_id: str,
    base_url: str,
    client: httpx.AsyncClient,
    api_url: str | None = None,
    folder: Path | None = None,
) -> GoogleSide:
    """Raises CredentialsError, or DesignError naming every file that is wrong."""
    designs = {design.name: design for design in map(load_design, design_folders(folder or designs_folder()))}
    logos = {name: _largest_logo(design.files) for name, design in designs.items()}
    keys_url = KEYS_URL if api_url is None else f"{api_url.rstrip('/')}/gp/m/issuer/keys"
    return GoogleSide(
        saves=GoogleSaveLinks(credentials, issuer_id, base_url),
        cards=GoogleWallet(credentials, issuer_id, base_url, designs, client, api_url),
        callbacks=Callbacks(issuer_id, client, keys_url),
        logos={name: logo for name, logo in logos.items() if logo is not None},
        designs=tuple(
            name for name, design in designs.items() if not {"coupon", "eventTicket"} & design.template.keys()
        ),
    )


def _largest_logo(files: Mapping[str, bytes]) -> bytes | None:
    names = ("icon@3x.png", "icon@2x.png", "icon.png")  # Google cuts a circle out of a square picture
    return next((files[name] for name in names if name in files), None)
