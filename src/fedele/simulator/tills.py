"""Tills that speak GraphQL over HTTP. What gets no answer is asked again under its key, until the server says."""

import asyncio
import dataclasses
import time
from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

import httpx

from fedele.api.execution.operations import read_operations
from fedele.kernel.clock import moment_now
from fedele.simulator.journal import Asked, Journal
from fedele.simulator.plan import Action

ANSWER_WITHIN_SECONDS = 20.0
AGAIN_AFTER_SECONDS = 0.2
TOO_MANY = 429
DOCUMENTS = {file.name: file.sha256 for file in read_operations("till", "console")}


class NotUnderstood(Exception):
    """The server answered with a top-level error: the request was malformed, forbidden, or met a bug."""


@dataclasses.dataclass(slots=True)
class Link:
    """The way to the server. `patience_seconds`: how long an operation is tried again before it is left open."""

    client: httpx.AsyncClient
    journal: Journal
    headers: Mapping[str, str]
    patience_seconds: float = 60.0

    async def ask(self, name: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        """The data of one operation; None when nobody answered for as long as patience lasts."""
        body = {"documentId": DOCUMENTS[name], "variables": variables}
        ends_at = time.monotonic() + self.patience_seconds
        while True:
            started = time.perf_counter()
            try:
                sent = await self.client.post(
                    "/staff/graphql", json=body, headers=dict(self.headers), timeout=ANSWER_WITHIN_SECONDS
                )
                answered = sent.json() if sent.status_code < 500 and sent.status_code != TOO_MANY else None
            except (httpx.HTTPError, ValueError):
                answered = None
            if answered is not None and not _is_our_fault(answered):
                self.journal.waits.setdefault(name, []).append(time.perf_counter() - started)
                if answered.get("errors"):
                    raise NotUnderstood(f"{name}: {answered['errors']}")
                data: dict[str, Any] = answered["data"]
                return data
            self.journal.unanswered += 1
            if time.monotonic() > ends_at:
                return None
            await asyncio.sleep(AGAIN_AFTER_SECONDS)


def _is_our_fault(answered: dict[str, Any]) -> bool:
    """An internal error says nothing of what was written: the till has to ask again."""
    errors = answered.get("errors") or []
    return any(error.get("extensions", {}).get("code") in ("INTERNAL", "UNAVAILABLE", "TIMEOUT") for error in errors)


@dataclasses.dataclass(slots=True)
class Till:
    """One till of one store. `members`: ids and card codes of its customers; `prefix` tells its receipts apart."""

    link: Link
    store: str
    currency: str
    members: list[tuple[str, str]]
    prefix: str = ""
    count: int = 0
    sequence: int = 0
    last: Asked | None = None
    last_lines: tuple[dict[str, Any], ...] = ()
    last_variables: dict[str, Any] | None = None

    async def do(self, action: Action) -> None:
        """Carry one action out."""
        match action.kind:
            case "scan":
                await self.link.ask("ScanCode", {"code": self._card(action), "store": self.store})
            case "quote":
                await self.link.ask("QuoteBasket", {"basket": self._basket(action, self._receipt())})
            case "again":
                await self._again()
            case "return":
                await self._take_back(action)
            case "offline":
                await self._send_offline(action)
            case _:
                await self._sell(action)

    async def _sell(self, action: Action) -> None:
        basket = self._basket(action, self._receipt())
        asked = self._asked(action, basket["receipt"])
        variables = {"input": {"basket": basket, "idempotencyKey": asked.key}}
        answer = await self.link.ask("SettleSale", variables)
        if answer is not None:
            self._hear_sale(asked, answer["settle"])
        self.last, self.last_lines, self.last_variables = asked, action.lines, variables

    async def _again(self) -> None:
        """A cashier who presses twice: the same key, the same sale, the same reply."""
        if self.last is None or self.last_variables is None or self.last.state != "acknowledged":
            return
        answer = await self.link.ask("SettleSale", self.last_variables)
        if answer is not None:
            self._hear_sale(self.last, answer["settle"])

    async def _take_back(self, action: Action) -> None:
        sold = self.last
        if sold is None or sold.state != "acknowledged" or sold.id is None:
            return
        quantities = {
            number: max(Decimal(1), (Decimal(line["quantity"]) * Decimal(str(action.share))).to_integral(ROUND_DOWN))
            for number, line in enumerate(self.last_lines, 1)
        }
        asked = Asked("return", self.store, self._key(), sold.receipt, Decimal(0), purchase=sold.id)
        asked.quantities = quantities
        self.link.journal.asked.append(asked)
        lines = [{"number": number, "quantity": str(quantity)} for number, quantity in quantities.items()]
        given = {"purchaseId": sold.id, "lines": lines, "idempotencyKey": asked.key, "store": self.store}
        answer = await self.link.ask("ReturnLines", {"input": given})
        if answer is None:
            return
        payload = answer["returnPurchase"]
        if payload["userErrors"]:
            self.link.journal.refuse(asked, tuple(error["code"] for error in payload["userErrors"]))
        else:
            asked.id, asked.total = payload["returned"]["returnId"], Decimal(payload["returned"]["refund"]["amount"])
            self.link.journal.acknowledge(asked, payload["returned"])

    async def _send_offline(self, action: Action) -> None:
        """Sales of the last hour, made without the network, sent in another order than they were made."""
        began = moment_now().now - timedelta(hours=1)
        sales, all_asked = [], []
        for place, sale in enumerate(action.sales):
            self.sequence += 1
            basket = self._basket(sale, self._receipt())
            basket["occurredAt"] = (began + timedelta(minutes=place)).isoformat()
            asked = self._asked(sale, basket["receipt"])
            sales.append({"sequence": self.sequence, "idempotencyKey": asked.key, "basket": basket})
            all_asked.append(asked)
        sent: dict[str, Any] = {"device": f"{self.link.journal.run}-{self.store}", "store": self.store}
        sent["sales"] = [sales[place] for place in action.shuffled]
        answer = await self.link.ask("ReplaySales", {"input": sent})
        if answer is None:
            return
        by_key = {result["idempotencyKey"]: result for result in answer["replay"]["results"]}
        for asked in all_asked:
            result = by_key.get(asked.key)
            if result is None:
                self.link.journal.wrong.append(f"replay of {asked.key}: no result for a sale that was sent")
            else:
                self._hear_sale(asked, {"settlement": result["settlement"], "userErrors": result["problems"]})

    def _hear_sale(self, asked: Asked, payload: dict[str, Any]) -> None:
        settled = payload["settlement"]
        if settled is None:
            self.link.journal.refuse(asked, tuple(error["code"] for error in payload["userErrors"]))
            return
        if asked.answers == 0:
            asked.id, asked.member = settled["purchaseId"], settled["memberId"]
            for award in settled["awards"]:
                amount = award["amount"]
                asked.earned[amount["currency"]] = asked.earned.get(amount["currency"], Decimal(0)) + Decimal(
                    amount["amount"]
                )
            asked.burned = {amount["currency"]: Decimal(amount["amount"]) for amount in settled["burned"]}
        self.link.journal.acknowledge(asked, settled)

    def _asked(self, action: Action, receipt: str) -> Asked:
        total = sum((Decimal(line["amount"]) for line in action.lines), Decimal(0))
        asked = Asked("sale", self.store, self._key(), receipt, total)
        self.link.journal.asked.append(asked)
        return asked

    def _basket(self, action: Action, receipt: str) -> dict[str, Any]:
        basket: dict[str, Any] = {
            "receipt": receipt, "currency": self.currency, "store": self.store, "lines": list(action.lines),
        }  # fmt: skip
        if action.member is not None:
            basket["card"] = self._card(action)
        total = sum((Decimal(line["amount"]) for line in action.lines), Decimal(0))
        if action.pays_points is not None and action.pays_points < total:
            rest = total - action.pays_points
            basket["tenders"] = [
                {"kind": "POINTS", "amount": str(action.pays_points)}, {"kind": "CARD", "amount": str(rest)},
            ]  # fmt: skip
            basket["confirmation"] = "known to the cashier"
        return basket

    def _card(self, action: Action) -> str:
        return self.members[(action.member or 0) % len(self.members)][1]

    def _receipt(self) -> str:
        self.count += 1
        return f"{self.link.journal.run}-{self.prefix or self.store}-{self.count}"

    def _key(self) -> str:
        return f"{self.link.journal.run}:{self.prefix or self.store}:{self.count}:{len(self.link.journal.asked)}"
