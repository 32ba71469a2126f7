"""A local server that speaks Twilio's Messages API, as far as a text message goes."""

import base64
import dataclasses
from collections import defaultdict, deque
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson

from fedele.kernel.clock import utc_now

ACCOUNT, TOKEN = "AC00000000000000000000000000000001", "a-token-for-tests"


@dataclasses.dataclass(frozen=True)
class Answer:
    """How to answer one request: an error, or (`hang`) silence after taking the message."""

    status: int = 201
    code: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    hang: bool = False


class LocalTwilio:
    """An httpx transport: real requests and responses, without a socket."""

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.requests: list[httpx.Request] = []
        self._script: dict[str, deque[Answer]] = defaultdict(deque)

    def script(self, to: str, *answers: Answer) -> None:
        """Answer the next messages to this number so, and with success after them."""
        self._script[to].extend(answers)

    def client(self) -> httpx.AsyncClient:
        """A client that reaches this server and no other."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            return self._json(401, {"code": 20003, "message": "Authenticate", "status": 401})
        if request.url.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return self._json(404, {"code": 20404, "status": 404})
        return self._list(request) if request.method == "GET" else self._create(request)

    def _list(self, request: httpx.Request) -> httpx.Response:
        found = [message for message in self.taken if message["to"] == request.url.params["To"]]
        return self._json(200, {"messages": found})

    def _create(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if not form.get("Body") or not form.get("To", "").startswith("+"):
            return self._json(400, {"code": 21604, "status": 400})
        answer = self._script[form["To"]].popleft() if self._script[form["To"]] else Answer()
        if answer.status != 201:
            body = {"code": answer.code, "message": f"about {form['To']}", "status": answer.status}
            return self._json(answer.status, body, answer.headers)
        message = {
            "sid": f"SM{len(self.taken):032}", "to": form["To"], "body": form["Body"], "status": "queued",
            "date_created": format_datetime(utc_now()), "callback": form.get("StatusCallback", ""),
        }  # fmt: skip
        self.taken.append(message)
        if answer.hang:
            raise httpx.ReadTimeout("no answer", request=request)
        return self._json(201, message)

    @staticmethod
    def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.Response(status, content=orjson.dumps(body), headers=headers)
