"""`docs/tidegate.proto` and the schema of the Python client, made from `gateway.wire.protoschema`.

`python -m tools.proto` writes both anew. The client may not import the gateway, nor should it read a file beside it.

Unlike the other modules here it needs the project installed, so it is run with the virtual environment's Python.
"""

from __future__ import annotations

import textwrap
from base64 import b64encode

from gateway.wire.protoschema import PACKAGE, descriptor, proto_text
from tools.command import ROOT, say

__all__ = ["CLIENT_FILE", "FILE", "client_text"]

FILE = ROOT / "docs" / "tidegate.proto"
CLIENT_FILE = ROOT / "client_sdk" / "python" / "protoschema.py"

_CLIENT = '''"""The messages of a producer's connection as Protocol Buffers. Made by `python -m tools.proto`."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["CLIENT", "DESCRIPTOR", "SERVER"]

_ENCODED: Final = """
{encoded}
"""

DESCRIPTOR: Final[Any] = descriptor_pb2.FileDescriptorProto.FromString(b64decode(_ENCODED))
"""The file of which `docs/tidegate.proto` is the text."""

# A pool of its own: the gateway has the same messages, and may be in the same process.
_pool = descriptor_pool.DescriptorPool()
_pool.Add(DESCRIPTOR)
CLIENT: Final[Any] = message_factory.GetMessageClass(_pool.FindMessageTypeByName("{package}.ClientMessage"))
SERVER: Final[Any] = message_factory.GetMessageClass(_pool.FindMessageTypeByName("{package}.ServerMessage"))
'''


def client_text() -> str:
    """The client's module. The descriptor's bytes may differ between versions of the package, its content may not."""
    encoded = b64encode(descriptor().SerializeToString(deterministic=True)).decode("ascii")
    return _CLIENT.format(encoded="\n".join(textwrap.wrap(encoded, 116)), package=PACKAGE)


if __name__ == "__main__":
    for file, text in ((FILE, proto_text()), (CLIENT_FILE, client_text())):
        file.write_text(text, "utf-8")
        say(str(file.relative_to(ROOT)))
