"""TLS from two files, with errors that name the setting."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateway.config import Config
from gateway.errors import ConfigError

__all__ = ["tls_context"]


def tls_context(config: Config) -> ssl.SSLContext | None:
    """The server's context from `tls_cert` and `tls_key`; None when the port speaks plain HTTP. TLS 1.2 or newer.

    Raises:
        ConfigError: a file cannot be read, is no PEM, has a pass phrase, or the two do not belong together.
    """
    if not config.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    certificate = _read("tls_cert", config.tls_cert)
    _read("tls_key", config.tls_key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise ConfigError("tls_cert", f"{config.tls_cert} holds no PEM certificate") from None
    try:
        context.load_cert_chain(config.tls_cert, config.tls_key, password=_no_password)
    except _PasswordWantedError:
        raise ConfigError("tls_key", f"{config.tls_key} has a pass phrase") from None
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        reason = "does not belong to the certificate" if mismatch else "holds no usable PEM key"
        raise ConfigError("tls_key", f"{config.tls_key} {reason}") from None
    return context


class _PasswordWantedError(Exception):
    """Raised instead of asking for one on the terminal."""


def _no_password() -> str:
    raise _PasswordWantedError


def _read(setting: str, file: str) -> str:
    try:
        return Path(file).read_text("ascii")
    except OSError as error:
        raise ConfigError(setting, f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(setting, f"{file} is not PEM text") from None
