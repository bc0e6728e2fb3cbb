"""What the demo shop brings along: a funnel of its checkout, and a board that shows it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path

from gateway.boards import place_of_boards
from gateway.config import Config
from gateway.errors import ConfigError

__all__ = ["fit_out"]

KPIS = "kpis.toml"


def fit_out(config: Config) -> Config:
    """Put the shop's KPIs and its board into the data folder, where people may change them.

    Boards that were asked for, or files that are there already, stay as they are; so does all with a set that was
    asked for, which may not be about a shop.

    Raises:
        ConfigError: the data folder cannot be written.
    """
    if config.kpis:
        return config
    folder = Path(config.data)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not config.boards:
            _write(place_of_boards(config), _text("gateway", "boards.toml"), _text("gateway.demo", "boards.toml"))
        _write(folder / KPIS, _text("analytics", "default.toml"), _text("gateway.demo", KPIS))
    except OSError as error:
        raise ConfigError("data", f"cannot write into {config.data}: {error.strerror}") from None
    return replace(config, kpis=str(folder / KPIS))


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")


def _write(file: Path, *texts: str) -> None:
    with suppress(FileExistsError), file.open("x", encoding="utf-8") as out:
        out.write("\n".join(texts))
