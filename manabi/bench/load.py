"""A load generator for loopback addresses: a fixed number of requests over kept-alive connections, each one checked."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

_ANSWER_SECONDS = 30
_BUFFER_BYTES = 2**20
_NO_ANSWER = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)  # OSError covers TimeoutError


@dataclass(frozen=True, slots=True)
class Request:
    """One request: path and headers of a GET, or with a body of a POST."""

    path: str
    headers: Mapping[str, str]
    body: bytes | None = None

    def to_bytes(self, host: str) -> bytes:
        """Return the request as it goes over the wire."""
        method = "GET" if self.body is None else "POST"
        lines = [f"{method} {self.path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in self.headers.items())]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + (self.body or b"")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run measured: rate per second, latencies in milliseconds, how many were sent, how many of them failed."""

    rate: float
    p50: float
    p99: float
    failed: int
    count: int

    @property
    def answered(self) -> int:
        """How many answers were 200 with the whole body."""
        return self.count - self.failed


def run_load(host: str, port: int, requests: Sequence[Request], *, connections: int, least_body: int) -> Outcome:
    """Send every request once over `connections` connections.

    Any status but 200, a body below `least_body` bytes, a broken connection and 30 seconds of silence count as failed.
    """
    return asyncio.run(_run(host, port, requests, connections, least_body))


async def _run(host: str, port: int, requests: Sequence[Request], connections: int, least_body: int) -> Outcome:
    prepared = [request.to_bytes(f"localhost:{port}") for request in requests]
    waiting = iter(prepared)
    latencies: list[float] = []
    failed = 0

    async def send_all() -> None:
        nonlocal failed
        connection = _Connection(host, port)
        for wire in waiting:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    status, length = await connection.ask(wire)
                good = status == HTTPStatus.OK and length >= least_body
            except _NO_ANSWER:
                connection.drop()
                good = False
            latencies.append((time.perf_counter() - started) * 1000)
            failed += not good
        connection.drop()

    started = time.perf_counter()
    await asyncio.gather(*(send_all() for _ in range(connections)))
    seconds = time.perf_counter() - started
    latencies.sort()
    return Outcome(
        rate=len(latencies) / seconds,
        p50=_percentile(latencies, 50),
        p99=_percentile(latencies, 99),
        failed=failed,
        count=len(latencies),
    )


class _Connection:
    """One kept-alive connection, opened again whenever the server or a failure closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, wire: bytes) -> tuple[int, int]:
        """Send one request; return the answer's status and the length of its body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=_BUFFER_BYTES)
        reader, writer = self._streams
        writer.write(wire)
        status, length, closing = await _read_answer(reader)
        if closing:
            self.drop()
        return status, length

    def drop(self) -> None:
        """Close the connection if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    closing = headers.get("connection", "").lower() == "close"
    if headers.get("transfer-encoding", "").lower() == "chunked":
        length = 0
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
            length += size
        await reader.readline()
        return status, length, closing
    length = int(headers.get("content-length", "0"))
    await reader.readexactly(length)
    return status, length, closing


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]
