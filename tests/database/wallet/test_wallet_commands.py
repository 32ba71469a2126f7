"""`fedele wallet`: the doctor's words and exit codes, and a card in a file that OpenSSL accepts."""

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from fedele.cli.wallet import app
from fedele.domains.members import queries as members
from fedele.domains.wallet.types import card_serial
from tests.factories.wallet import PASSES
from tests.fakes.google_wallet import ISSUER, LocalGoogleWallet
from tests.fixtures.phones import Shop
from tests.fixtures.served import serve


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings but a data folder of our own."""
    for name in list(os.environ):
        if name.startswith("FEDELE_") and not name.startswith("FEDELE_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FEDELE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def findings(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The doctor's exit code and findings."""
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    return result.exit_code, json.loads(result.stdout)["findings"]


def test_the_doctor_says_what_is_not_for_phones_yet(clean: Path) -> None:
    """Out of the box: no error, but three loud warnings, each with what to do."""
    code, found = findings()
    assert code == 0
    assert {each["severity"] for each in found} == {"warning"}
    said = " ".join(each["what"] for each in found)
    assert "phones will refuse" in said
    assert "https only" in said
    assert "googleWalletUrl is null" in said
    assert all(each["remedy"] for each in found)


def test_the_doctor_names_settings_that_are_wrong(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is none and half of Google's credentials: errors by the name of the variable."""
    monkeypatch.setenv("FEDELE_APPLE_PASS_CERTIFICATE", "rubbish")
    monkeypatch.setenv("FEDELE_GOOGLE_WALLET_ISSUER_ID", "3388000000012345678")
    monkeypatch.setenv("FEDELE_GOOGLE_WALLET_CREDENTIALS", "{}")
    code, found = findings()
    assert code == 1
    errors = " ".join(f"{each['what']} {each['remedy']}" for each in found if each["severity"] == "error")
    assert "FEDELE_APPLE_PASS_CERTIFICATE" in errors
    assert "FEDELE_GOOGLE_WALLET_CREDENTIALS" in errors


def test_the_doctor_names_the_file_of_a_design(clean: Path) -> None:
    """A spoilt design: which file, and what to do; readable without --json too."""
    folder = Path(shutil.copytree(PASSES / "grocer", clean / "designs" / "grocer"))
    (folder / "icon@3x.png").unlink()
    code, found = findings("--designs", str(clean / "designs"))
    assert code == 1
    (error,) = [each for each in found if each["severity"] == "error"]
    assert error["what"] == "passes/grocer/icon@3x.png: is missing"
    assert "114×114 pixels" in error["remedy"]
    result = CliRunner().invoke(app, ["doctor", "--designs", str(clean / "designs")])
    assert result.exit_code == 1
    assert "icon@3x.png" in result.stderr


def test_the_doctor_says_what_is_cut_off(clean: Path) -> None:
    """A sound design with a label too long for its place: a warning that names language, field, key and room."""
    folder = Path(shutil.copytree(PASSES / "cafe", clean / "designs" / "cafe"))
    path = folder / "ru.lproj" / "pass.strings"
    path.write_text(path.read_text().replace("ШТАМПЫ", "ШТАМПЫ ЗА ВСЁ ВРЕМЯ ЗНАКОМСТВА С НАМИ"))
    code, found = findings("--designs", str(clean / "designs"))
    assert code == 0
    (warning,) = [each for each in found if "passes/cafe" in each["what"]]
    assert "in 'ru', headerFields.stamps.label is cut off" in warning["what"]
    assert "shorten 'label.stamps' in ru.lproj/pass.strings" in warning["remedy"]


async def test_preview_draws_a_members_own_card(
    shop: Shop, clean: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By card code, in any language: a PNG on which zxing reads that code; looking at a card issues none."""
    member_id = await shop.enrol()
    code = await members.find_card_code(shop.database.reader, member_id)
    assert code is not None
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    out = clean / "card.png"
    command = ["preview", code.code, "--locale", "ar", "--out", str(out)]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.stderr
    with Image.open(out) as picture:
        (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == code.code
    assert await shop.admin.fetchval("SELECT count(*) FROM pass") == 0


async def test_several_cards_are_one_bundle(
    shop: Shop, clean: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two members named, one .pkpasses written: each member's own pass, under its serial number."""
    family = [await shop.enrol("Chiara"), await shop.enrol("Luca")]
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    out = clean / "family.pkpasses"
    command = ["issue", *map(str, family), "--out", str(out)]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.stderr
    with zipfile.ZipFile(out) as bundle:
        assert bundle.namelist() == [f"{card_serial(member_id)}.pkpass" for member_id in family]
        for member_id in family:
            with zipfile.ZipFile(io.BytesIO(bundle.read(f"{card_serial(member_id)}.pkpass"))) as card:
                assert json.loads(card.read("pass.json"))["serialNumber"] == card_serial(member_id)


async def test_issue_writes_a_card_that_verifies(
    shop: Shop, clean: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By card code or id: a signed file, the same both times, said loudly not to be for phones."""
    member_id = await shop.enrol()
    code = await members.find_card_code(shop.database.reader, member_id)
    assert code is not None
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    files = []
    for number, name in enumerate((code.code, str(member_id))):
        out = clean / f"{number}.pkpass"
        command = [sys.executable, "-c", "from fedele.cli.wallet import app; app()", "issue", name, "--out", str(out)]
        run = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert "phones will refuse this pass" in run.stderr
        files.append(out)
    assert files[0].read_bytes() == files[1].read_bytes()
    shutil.unpack_archive(files[0], clean / "pass", "zip")
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature"]
    command += ["-content", "manifest.json", "-purpose", "any", "-out", "/dev/null"]
    command += ["-CAfile", str(clean / "data" / "apple-development" / "root.pem")]
    run = await asyncio.to_thread(subprocess.run, command, cwd=clean / "pass", capture_output=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ["018f0000-0000-7000-8000-000000000000", "no-such-code", "member_rubbish"])
async def test_nobodys_card_is_not_written(
    shop: Shop, clean: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An unknown id or code: exit 1, a clear line, no file, no pass."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["issue", name, "--out", str(clean / "x.pkpass")])
    assert result.exit_code == 1
    assert "no card was written" in result.stderr
    assert not (clean / "x.pkpass").exists()
    assert await shop.admin.fetchval("SELECT count(*) FROM pass") == 0


def test_a_card_needs_a_database(clean: Path) -> None:
    """Without a database it says which variable to set."""
    result = CliRunner().invoke(app, ["issue", "code"])
    assert result.exit_code == 1
    assert "FEDELE_DATABASE_URL" in result.stderr


def join_qr(shop: Shop, clean: Path, monkeypatch: pytest.MonkeyPatch, code: str, out: str) -> tuple[int, str, Path]:
    """What `join-qr` answers and says, and where it wrote."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", shop.database.url)
    monkeypatch.setenv("FEDELE_BASE_URL", "https://club.example")
    result = CliRunner().invoke(app, ["join-qr", code, "--out", str(clean / out)])
    return result.exit_code, result.output, clean / out


@pytest.mark.parametrize("out", ["window.png", "window.svg"])
async def test_the_code_for_the_window_reads_as_the_page(
    shop: Shop, clean: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """As a picture, another reader finds the page's address in it; as SVG it is drawn from the same modules."""
    code, said, path = await asyncio.to_thread(join_qr, shop, clean, monkeypatch, "riverside", out)
    assert code == 0, said
    assert "https://club.example/join/riverside" in said
    if path.suffix == ".png":
        (read,) = zxingcpp.read_barcodes(Image.open(path).convert("L"))
        assert read.text == "https://club.example/join/riverside"
        assert min(Image.open(path).size) >= 500, "sharp on a poster"
    else:
        assert path.read_text().lstrip().startswith(("<?xml", "<svg"))


async def test_no_code_is_drawn_that_leads_nowhere(shop: Shop, clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown code names the known ones; another kind of file is refused; neither writes anything."""
    code, said, path = await asyncio.to_thread(join_qr, shop, clean, monkeypatch, "rivrside", "x.png")
    assert (code, path.exists()) == (1, False)
    assert "riverside" in said
    code, said, path = await asyncio.to_thread(join_qr, shop, clean, monkeypatch, "riverside", "x.pdf")
    assert (code, path.exists()) == (2, False)
    assert ".svg or .png" in said


async def test_the_qr_command_says_whose_codes_would_not_arrive(
    shop: Shop, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed before anybody can send a code: which setting is missing; with everything set, nothing is said."""
    _code, said, _path = await asyncio.to_thread(join_qr, shop, clean, monkeypatch, "riverside", "x.svg")
    assert "FEDELE_OTP_DELIVERY=channels" in said
    monkeypatch.setenv("FEDELE_OTP_DELIVERY", "channels")
    _code, said, _path = await asyncio.to_thread(join_qr, shop, clean, monkeypatch, "riverside", "x.svg")
    assert "FEDELE_SMS_ACCOUNT" in said
    assert "FEDELE_MAIL_URL" in said


def test_the_doctor_says_where_google_is_with_its_review(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Approved: nothing to say. Under review: a warning. Rejected: an error with the reviewer's words and a remedy."""
    google = LocalGoogleWallet()
    words = {"comments": "The logo is blurred."}
    for design, status in (("grocer", "approved"), ("cafe", "underReview"), ("retailer", "REJECTED")):
        google.held["loyaltyClass"][f"{ISSUER}.{design}"] = {"reviewStatus": status, "review": words}
    with serve(google.app()) as url:
        monkeypatch.setenv("FEDELE_GOOGLE_WALLET_ISSUER_ID", ISSUER)
        monkeypatch.setenv("FEDELE_GOOGLE_WALLET_CREDENTIALS", google.account(url))
        monkeypatch.setenv("FEDELE_GOOGLE_WALLET_URL", url)
        code, found = findings()
    told = {each["what"]: each for each in found if "Google's class" in each["what"]}
    assert code == 1
    assert sorted(told) == [
        f"Google's class {ISSUER}.cafe is underReview",
        f"Google's class {ISSUER}.retailer is rejected",
    ]
    rejected = told[f"Google's class {ISSUER}.retailer is rejected"]
    assert rejected["severity"] == "error"
    assert "The logo is blurred." in rejected["remedy"]
    assert told[f"Google's class {ISSUER}.cafe is underReview"]["severity"] == "warning"
