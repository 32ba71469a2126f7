"""An ASGI application served over HTTP/2 without TLS, and a bare client that posts to it: the peers of push_fanout."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import h2.config
import h2.connection
import h2.events
import httpx

Headers = list[tuple[bytes, bytes]]


class _Connection(asyncio.Protocol):
    """One client, who knows beforehand that HTTP/2 is spoken here."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._bodies: dict[int, tuple[Headers, bytearray]] = {}
        self._answers: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self._transport = transport
        self._http2.initiate_connection()
        transport.write(self._http2.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Collect requests; each is answered by a task of its own, as streams go side by side."""
        for event in self._http2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self._bodies[event.stream_id] = (event.headers, bytearray())
            elif isinstance(event, h2.events.DataReceived):
                self._bodies[event.stream_id][1].extend(event.data)
                self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                task = asyncio.ensure_future(self._answer(event.stream_id, *self._bodies.pop(event.stream_id)))
                self._answers.add(task)
                task.add_done_callback(self._answers.discard)
        self._transport.write(self._http2.data_to_send())

    async def _answer(self, stream_id: int, headers: Headers, body: bytearray) -> None:
        pseudo = {name: value.decode() for name, value in headers if name.startswith(b":")}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "2", "method": pseudo[b":method"],
            "scheme": "http", "path": pseudo[b":path"], "raw_path": pseudo[b":path"].encode(), "query_string": b"",
            "root_path": "", "headers": [pair for pair in headers if not pair[0].startswith(b":")],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._http2.send_headers(stream_id, [(":status", str(message["status"])), *message["headers"]])
            else:
                self._http2.send_data(stream_id, message["body"], end_stream=True)
                self._transport.write(self._http2.data_to_send())

        await self._app(scope, receive, send)


@contextlib.contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve the application from a thread of its own; the URL."""
    loop, listening = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(lambda: _Connection(app), "127.0.0.1", 0))
        ports.append(server.sockets[0].getsockname()[1])
        listening.set()
        loop.run_forever()
        server.close()

    thread = threading.Thread(target=run, name="http2", daemon=True)
    thread.start()
    listening.wait(30)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


async def post_all(url: str, headers: dict[str, str], bodies: Sequence[bytes], at_once: int) -> float:
    """Post all over one HTTP/2 connection, so many streams at once, and read the answers; the seconds it took."""
    gate = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(http1=False, http2=True, timeout=60, trust_env=False) as client:

        async def post(body: bytes) -> None:
            async with gate:
                answer = await client.post(url, content=body, headers=headers)
            assert answer.status_code == 200, answer.text

        await asyncio.gather(*map(post, bodies[:at_once]))
        began = time.perf_counter()
        await asyncio.gather(*map(post, bodies))
        return time.perf_counter() - began
