"""A load generator for loopback addresses: a fixed number of GETs over kept-alive connections, each answer checked."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: path and headers."""

    path: str
    headers: Mapping[str, str]

    def to_bytes(self, host: str) -> bytes:
        """Return the request as it goes over the wire."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run measured: rate per second, latencies in milliseconds, and how many answers were not 200."""

    rate: float
    p50: float
    p99: float
    failed: int
    count: int


def run_load(host: str, port: int, requests: Sequence[Request], *, connections: int, least_body: int) -> Outcome:
    """Send every request once over `connections` connections; an answer below `least_body` bytes counts as failed."""
    return asyncio.run(_run(host, port, requests, connections, least_body))


async def _run(host: str, port: int, requests: Sequence[Request], connections: int, least_body: int) -> Outcome:
    prepared = [request.to_bytes(f"localhost:{port}") for request in requests]
    waiting = iter(prepared)
    latencies: list[float] = []
    failed = 0

    async def send_all() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(host, port, limit=2**20)
        for wire in waiting:
            started = time.perf_counter()
            writer.write(wire)
            status, length, closing = await _read_answer(reader)
            latencies.append((time.perf_counter() - started) * 1000)
            if status != 200 or length < least_body:  # noqa: PLR2004
                failed += 1
            if closing:
                writer.close()
                reader, writer = await asyncio.open_connection(host, port, limit=2**20)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(send_all() for _ in range(connections)))
    seconds = time.perf_counter() - started
    latencies.sort()
    return Outcome(
        len(latencies) / seconds, latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99) - 1], failed,
        len(latencies),
    )  # fmt: skip


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
