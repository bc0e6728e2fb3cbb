"""A small database of countries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

__all__ = ["GERMAN", "SWISS", "database"]

GERMAN, SWISS = "203.0.113.7", "2001:db8::7"


def database(path: Path, **records: Any) -> str:
    """One that knows a German and a Swiss address, as the free databases and as MaxMind's write them; its path."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-Country")
    writer.insert_network(IPSet(["203.0.113.0/24"]), records.get("german", {"country_code": "DE"}))
    writer.insert_network(IPSet(["2001:db8::/32"]), records.get("swiss", {"country": {"iso_code": "CH"}}))
    writer.to_db_file(str(path))
    return str(path)
