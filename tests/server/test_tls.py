"""TLS: the context, and sockets over it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.server.tls import tls_context
from tests.server.rig import LOOPS, Raw, eventually, masked, run, serving, upgrade


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of this test run."""
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Certificate chain and key for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("localhost")
    chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
    (folder / "cert.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    return str(folder / "cert.pem"), str(folder / "key.pem")


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_without_files_there_is_no_tls() -> None:
    """Plain HTTP is the default."""
    assert tls_context(Config()) is None


def test_old_versions_are_not_spoken(files: tuple[str, str]) -> None:
    """The context takes TLS 1.2 and newer."""
    context = tls_context(Config(tls_cert=files[0], tls_key=files[1]))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("cert", "key", "setting", "reason"),
    [
        ("missing.pem", "{key}", "tls_cert", "cannot read"),
        ("{cert}", "missing.pem", "tls_key", "cannot read"),
        ("{folder}", "{key}", "tls_cert", "cannot read"),
        ("{empty}", "{key}", "tls_cert", "no PEM certificate"),
        ("{key}", "{key}", "tls_cert", "no PEM certificate"),
        ("{binary}", "{key}", "tls_cert", "not PEM"),
        ("{cert}", "{empty}", "tls_key", "no usable PEM key"),
        ("{cert}", "{cert}", "tls_key", "no usable PEM key"),
        ("{cert}", "{other}", "tls_key", "does not belong"),
        ("{cert}", "{locked}", "tls_key", "pass phrase"),
    ],
)
def test_bad_files_name_their_setting(
    files: tuple[str, str], tmp_path: Path, cert: str, key: str, setting: str, reason: str
) -> None:
    """Each fault is one line with the name of the setting to change; nothing is asked on the terminal."""
    from cryptography.hazmat.primitives import serialization

    empty, binary, other, locked = (tmp_path / name for name in ("empty", "binary", "other", "locked"))
    empty.write_text("")
    binary.write_bytes(b"\x80\x81")
    other.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
    private = serialization.load_pem_private_key(Path(files[1]).read_bytes(), None)
    locked.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    paths = {
        "cert": files[0],
        "key": files[1],
        "folder": tmp_path,
        "empty": empty,
        "binary": binary,
        "other": other,
        "locked": locked,
    }
    with pytest.raises(ConfigError, match=reason) as caught:
        tls_context(Config(tls_cert=cert.format(**paths), tls_key=key.format(**paths)))
    assert caught.value.setting == setting
    assert str(caught.value).startswith(f"{setting}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("loop", LOOPS)
def test_both_protocols_pass_over_tls(authority: trustme.CA, files: tuple[str, str], loop: str) -> None:
    """Over TLS the door hands over upgrades and plain HTTP as it does without, in both directions and in bulk."""

    async def main() -> None:
        trusting = client_context(authority)
        context = tls_context(Config(tls_cert=files[0], tls_key=files[1]))
        async with serving(server_tls=context) as rig:
            raw = await Raw.open(rig.port, trusting)
            endpoint = await rig.endpoint()
            assert endpoint.conn is not None
            raw.writer.write(masked(b"x" * 200_000) * 20)
            await endpoint.until(lambda e: len(e.messages) == 20)
            endpoint.conn.send(b"y" * 3_000_000)
            assert len((await raw.frame())[1]) == 3_000_000
            raw.writer.write(masked(b"z", 2))
            assert await raw.close_code() == 1003
            assert await raw.rest() == b""
            await endpoint.until(lambda e: bool(e.closes))
            assert endpoint.closes == [(1003, "unsupported data")]
            await raw.aclose()

            raw = await Raw.connect(rig.port, trusting)
            raw.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await raw.head() == b"http:GET / HTTP/1.1\r\n\r\n"
            await raw.aclose()

            raw = await Raw.connect(rig.port, trusting)
            raw.writer.write(upgrade(origin="null"))
            assert (await raw.head()).startswith(b"HTTP/1.1 403 ")
            assert await raw.rest() == b'{"error":"origin"}'
            await raw.aclose()
            await eventually(lambda: rig.gate.open == 0)

    run(main, loop)


def test_a_half_tls_handshake_costs_no_slot(files: tuple[str, str]) -> None:
    """A client that never finishes its TLS handshake is not counted, and does not disturb others."""

    async def main() -> None:
        context = tls_context(Config(tls_cert=files[0], tls_key=files[1]))
        async with serving(server_tls=context) as rig:
            raw = await Raw.connect(rig.port)
            raw.writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            plain = await Raw.connect(rig.port)
            plain.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await plain.rest()
            assert rig.gate.open == 0
            await raw.aclose()
            await plain.aclose()

    run(main)
