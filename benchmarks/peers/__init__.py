"""Servers that the gateway is compared with. Each runs as its own process and prints the address it listens on."""

__all__: list[str] = []
