"""A reward and a seat in the phone's wallet, from the tap in the app to the till and the door, and what Apple's phone
hears of it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from fedele.adapters.apple_wallet.development import root_certificate
from fedele.adapters.apple_wallet.model import PassDocument
from fedele.adapters.apple_wallet.words import read_strings
from fedele.adapters.wallet_preview.drawing import draw_faces
from fedele.adapters.wallet_preview.faces import faces
from fedele.domains.ledger import commands as ledger
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, decode_id
from tests.factories import ledger as operations
from tests.fixtures.openssl import openssl_verify, unpack
from tests.fixtures.story import Phone, Story

PASS_TYPE = "pass.dev.fedele.card"
SERVICE = "/wallet/apple/v1"


class Wallet:
    """The phone's wallet: holds passes, and speaks PassKit."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story, self.folder = story, folder
        self.tag: str | None = None
        self.tokens: dict[str, str] = {}

    async def add(self, url: str) -> dict[str, Any]:
        """Download a pass, judge its signature, register; its pass.json."""
        answer = await self.story.client.get(url)
        assert answer.status_code == 200, answer.text
        document = self.open(answer.content)
        serial = document["serialNumber"]
        self.tokens[serial] = document["authenticationToken"]
        registered = await self.story.client.post(
            f"{SERVICE}/devices/phone/registrations/{PASS_TYPE}/{serial}",
            json={"pushToken": "ab" * 32},
            headers=self._token(serial),
        )
        assert registered.status_code == 201
        return document

    def open(self, content: bytes) -> dict[str, Any]:
        """pass.json of a pass that OpenSSL accepts."""
        folder = unpack(content, self.folder / str(len(list(self.folder.iterdir()))))
        root = root_certificate(self.story.fedele.settings.data_dir / "apple-development")
        verified = openssl_verify(folder, root, self.story.now.timestamp())
        assert verified.returncode == 0, verified.stderr
        document: dict[str, Any] = json.loads((folder / "pass.json").read_text())
        return document

    async def changed(self) -> list[str]:
        """Which passes changed since the last time."""
        query = {"passesUpdatedSince": self.tag} if self.tag else {}
        answer = await self.story.client.get(f"{SERVICE}/devices/phone/registrations/{PASS_TYPE}", params=query)
        if answer.status_code == 204:
            return []
        self.tag = answer.json()["lastUpdated"]
        return sorted(answer.json()["serialNumbers"])

    async def fetch(self, serial: str) -> dict[str, Any]:
        """The pass as it is now."""
        answer = await self.story.client.get(f"{SERVICE}/passes/{PASS_TYPE}/{serial}", headers=self._token(serial))
        assert answer.status_code == 200
        return self.open(answer.content)

    def _token(self, serial: str) -> dict[str, str]:
        return {"authorization": f"ApplePass {self.tokens[serial]}"}


def scanned_from(content: bytes) -> str:
    """What a till's reader reads from the pass as a phone draws it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    document = PassDocument.model_validate_json(files["pass.json"])
    picture: Image.Image = draw_faces(faces(document, files, {"it": _strings(files)}, "it"), files, 2)
    [found] = zxingcpp.read_barcodes(picture)
    return found.text


def _strings(files: dict[str, bytes]) -> dict[str, str]:
    folder = Path(__file__).parents[2] / "passes" / "grocer-coupon" / "it.lproj" / "pass.strings"
    assert folder.read_bytes() == files["it.lproj/pass.strings"]
    return read_strings(folder, [])


async def has_points(story: Story, phone: Phone, units: int) -> None:
    """The member has earned so much before; the programme caps what a day's sales may bring."""
    member_id = MemberId(decode_id("member", phone.member_id, 1)[0])
    async with story.fedele.database.transaction() as tx:
        await ledger.post(tx, member_id, [operations.earn(units)], Moment(story.now))


async def redeems(phone: Phone, reward: str, key: str) -> dict[str, Any]:
    """The member takes a reward."""
    edges = (await phone.ask("ListRewards"))["me"]["rewards"]["edges"]
    reward_id = next(edge["node"]["id"] for edge in edges if edge["node"]["key"] == reward)
    answer = await phone.ask("RedeemReward", input={"rewardId": reward_id, "idempotencyKey": key})
    assert answer["redeemReward"]["userErrors"] == []
    redemption: dict[str, Any] = answer["redeemReward"]["redemption"]
    return redemption


def sale(code: str, receipt: str, redemption: str, key: str = "") -> dict[str, Any]:
    """A basket that uses the reward whose code was scanned."""
    basket = {
        "receipt": receipt, "currency": "USD", "card": code, "rewards": [redemption], "discounts": "APPLY",
        "lines": [{"amount": "20.00", "name": "Apples"}],
    }  # fmt: skip
    return {"idempotencyKey": key or receipt, "basket": basket}


async def test_a_reward_is_scanned_from_the_wallet_and_turns_grey(story: Story, tmp_path: Path) -> None:
    """Redeem, add to the wallet, scan at the till, pay; the pass is voided, the card's points are right, and what was
    returned makes it good again. The code works once, for that reward alone, and a retry is answered."""
    phone, wallet = await story.joins("ada@example.org", "it"), Wallet(story, tmp_path)
    await has_points(story, phone, 700)
    redemption = await redeems(phone, "five-off", "tap-1")
    url = redemption["walletPass"]["appleWalletUrl"]
    coupon = await wallet.add(url)
    serial = coupon["serialNumber"]
    assert redemption["walletPass"]["id"] == serial
    assert redemption["walletPass"]["googleWalletUrl"] is None, "this deployment has no issuer account"
    code = scanned_from((await story.client.get(url)).content)
    assert code == redemption["code"]
    assert await wallet.changed() == [serial]

    seen = (await story.at_the_till("ScanCode", code=code, store=None))["scan"]
    assert seen["userErrors"] == []
    assert (seen["identifiedBy"], seen["redemptionId"]) == ("REWARD_CODE", redemption["id"])
    assert "REWARD_CODE" in seen["secondFacts"]
    assert [held["id"] for held in seen["member"]["held"]] == [redemption["id"]]

    story.turn(minutes=5)
    settled = (await story.at_the_till("SettleSale", input=sale(code, "R-2", redemption["id"])))["settle"]
    assert settled["userErrors"] == []
    assert settled["settlement"]["total"] == {"amount": "15.00", "currency": "USD"}
    assert settled["settlement"]["rewardsUsed"] == [redemption["id"]]
    again = (await story.at_the_till("SettleSale", input=sale(code, "R-2", redemption["id"])))["settle"]
    assert again["settlement"]["purchaseId"] == settled["settlement"]["purchaseId"], "a lost answer is told again"

    await story.work()
    assert await wallet.changed() == [serial]
    used = await wallet.fetch(serial)
    assert used["voided"] is True
    assert used["barcodes"] == []
    assert await wallet.changed() == []
    refused = (await story.at_the_till("ScanCode", code=code, store=None))["scan"]
    assert [error["code"] for error in refused["userErrors"]] == ["REDEMPTION_NOT_HELD"]
    second = (await story.at_the_till("SettleSale", input=sale(code, "R-3", redemption["id"])))["settle"]
    assert [error["code"] for error in second["userErrors"]] == ["REDEMPTION_NOT_HELD"]
    listed = (await phone.ask("ListRedemptions"))["me"]["redemptions"]["edges"]
    assert [edge["node"]["walletPass"] for edge in listed] == [None]

    story.turn(minutes=5)
    back = {"purchaseId": settled["settlement"]["purchaseId"], "lines": [{"number": 1}]}
    returned = await story.at_the_till("ReturnLines", input={**back, "idempotencyKey": "back"})
    assert not returned["returnPurchase"]["userErrors"], returned
    await story.work()
    assert await wallet.changed() == [serial]
    assert "voided" not in await wallet.fetch(serial)


async def test_a_rewards_code_spends_nothing_else(story: Story) -> None:
    """Another reward, or points, with the code of one: a second fact is asked for, and nothing is written."""
    phone = await story.joins("ada@example.org", "en")
    await has_points(story, phone, 900)
    one, other = await redeems(phone, "free-coffee", "tap-1"), await redeems(phone, "five-off", "tap-2")
    asked = sale(one["code"], "R-2", other["id"])
    refused = (await story.at_the_till("SettleSale", input=asked))["settle"]
    assert [error["code"] for error in refused["userErrors"]] == ["SECOND_FACT_NEEDED"]
    asked["basket"] |= {
        "rewards": [],
        "tenders": [{"kind": "POINTS", "amount": "1.00"}, {"kind": "CASH", "amount": "19.00"}],
    }
    refused = (await story.at_the_till("SettleSale", input=asked))["settle"]
    assert [error["code"] for error in refused["userErrors"]] == ["SECOND_FACT_NEEDED"]
    held = (await phone.ask("ListRedemptions"))["me"]["redemptions"]["edges"]
    assert {edge["node"]["status"] for edge in held} == {"HELD"}


async def test_a_seat_is_shown_at_the_door(story: Story, tmp_path: Path) -> None:
    """Join, add the ticket, be checked in with what it says; afterwards it holds no more."""
    phone, wallet = await story.joins("ada@example.org", "it"), Wallet(story, tmp_path)
    gatherings = (await phone.ask("ListGatherings"))["me"]["gatherings"]
    evening = next(one for one in gatherings if one["title"] == "Serata dei formaggi")
    assert evening["walletPass"] is None
    await phone.ask("JoinGathering", input={"gatheringId": evening["id"], "guests": 1})
    gatherings = (await phone.ask("ListGatherings"))["me"]["gatherings"]
    evening = next(one for one in gatherings if one["title"] == "Serata dei formaggi")
    ticket = await wallet.add(evening["walletPass"]["appleWalletUrl"])
    assert ticket["eventTicket"]["primaryFields"][0]["value"] == "Serata dei formaggi"
    assert ticket["semantics"]["eventStartDate"] == "2026-12-10T18:30:00-05:00"
    await wallet.changed()
    story.turn(days=16, hours=9, minutes=40)  # 18:10 at the venue
    code = ticket["barcodes"][0]["message"]
    checked = await story.at_the_till("CheckInGuest", input={"gathering": "cheese-evening", "card": code})
    assert checked["checkInGuest"]["guest"]["state"] == "attended"
    await story.work()
    assert await wallet.changed() == [ticket["serialNumber"]]
    assert (await wallet.fetch(ticket["serialNumber"]))["voided"] is True
