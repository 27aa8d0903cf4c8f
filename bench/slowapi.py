"""An API that returns the same 48 pictures after a delay: the upstream of `bench.load`.

    python -m bench.slowapi PORT MILLISECONDS [ADDRESS]

One event loop and one prepared response, so that it takes little of the processor. `GET /count`
returns the number of calls.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from tests.faults.synthetic import hit


def response_of(body: dict[str, object]) -> bytes:
    """Return a JSON body as a whole HTTP response."""
    text = json.dumps(body).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(text)}\r\n\r\n".encode() + text


async def serve(port: int, seconds: float, address: str = "127.0.0.1") -> None:
    """Serve until the process ends."""
    expires = time.time() + 7 * 86400
    hits = [hit(n * 8, cdn="https://cdn.scenario.com", expires=expires) for n in range(48)]
    page = {"hits": hits, "page": 1, "hitsPerPage": 48, "totalHits": 2000, "totalPages": 42}
    hits_response = response_of(page)
    empty_response = response_of({"collections": [], "tags": [], "models": [], "assets": []})
    count = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lowered = head.lower()
                if b"content-length:" in lowered:
                    length = lowered.split(b"content-length:")[1].split(b"\r\n")[0]
                    await reader.readexactly(int(length))
                if head.startswith(b"GET /count"):
                    writer.write(response_of({"count": count}))
                else:
                    count += 1
                    if seconds:
                        await asyncio.sleep(seconds)
                    writer.write(hits_response if b"/search/assets" in head else empty_response)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, address, port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000, *sys.argv[3:4]))
