"""A load balancer that sends each new connection to the next task: `python -m benchmarks.proxy PORT TASK_PORT…`."""

from __future__ import annotations

import asyncio
import itertools
import sys

import uvloop

BLOCK = 65536


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies one direction until its end."""
    try:
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(port: int, targets: list[int]) -> None:
    """Listens on ``port``."""
    turn = itertools.cycle(targets)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task_reader, task_writer = await asyncio.open_connection("127.0.0.1", next(turn))
        await asyncio.gather(copy(reader, task_writer), copy(task_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    own, *others = (int(word) for word in sys.argv[1:])
    uvloop.run(main(own, others))
