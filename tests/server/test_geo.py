"""Countries of addresses, out of real database files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.server.geo import Countries
from tests.server.countries import GERMAN, SWISS, database


def test_an_address_has_the_country_of_its_network(tmp_path: Path) -> None:
    """Either version of addresses, either way of writing the code; nothing for what is not in it, or no address."""
    countries = Countries(database(tmp_path / "a.mmdb"))
    asked = (GERMAN, SWISS, "198.51.100.1", "127.0.0.1", "local", "")
    assert [countries.country(address) for address in asked] == ["DE", "CH", None, None, None, None]
    countries.close()


@pytest.mark.parametrize("record", [{"country_code": 7}, {"country_code": "Germany"}, {"country": "DE"}, {"x": 1}])
def test_what_is_no_code_is_none(tmp_path: Path, record: dict[str, object]) -> None:
    """Two letters, or it is not taken."""
    assert Countries(database(tmp_path / "a.mmdb", german=record)).country(GERMAN) is None


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With its path and the reason."""
    (tmp_path / "no.mmdb").write_bytes(b"no database")
    with pytest.raises(ValueError, match=r"no\.mmdb"):
        Countries(str(tmp_path / "no.mmdb"))
    with pytest.raises(ValueError, match="cannot read"):
        Countries(str(tmp_path / "missing.mmdb"))
