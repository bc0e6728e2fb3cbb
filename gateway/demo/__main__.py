"""The visitors' own process: `python -m gateway.demo --url URL --visitors N`, the write key in the environment."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl as tls
import sys

import uvloop

from gateway.demo.visitors import Visitors

__all__ = ["main"]

KEY_VARIABLE = "TIDEGATE_DEMO_KEY"
CLOSE_S = 2.0
"""How long the last events may take; the gateway may be gone already."""


def main() -> int:
    """Visit until SIGTERM or SIGINT. Exit code 0, or 2 when the key is missing."""
    parser = argparse.ArgumentParser(prog="python -m gateway.demo", description="Simulated visitors for a gateway.")
    parser.add_argument("--url", required=True, help="the gateway, such as http://127.0.0.1:8080")
    parser.add_argument("--visitors", type=int, default=200, metavar="N", help="visitors at a time (200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed, the same crowd (1)")
    parser.add_argument("--trust", metavar="FILE", help="certificate to trust when the gateway speaks TLS")
    arguments = parser.parse_args()
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        sys.stderr.write(f"tidegate demo: {KEY_VARIABLE} holds no write key\n")
        return 2
    uvloop.run(_visit(arguments, key))
    return 0


async def _visit(arguments: argparse.Namespace, key: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    crowd = Visitors(
        arguments.url,
        key,
        visitors=arguments.visitors,
        seed=arguments.seed,
        out=sys.stderr,
        ssl=_trust(arguments.trust) if arguments.trust else None,
    )
    await crowd.run(stop, close_timeout=CLOSE_S)


def _trust(certificate: str) -> tls.SSLContext:
    """Trust one certificate and nothing else, under whatever name the gateway is reached."""
    context = tls.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context


if __name__ == "__main__":
    sys.exit(main())
