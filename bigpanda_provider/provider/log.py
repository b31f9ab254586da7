"""Warnings of the provider process, shown by the engine in the update's summary.

There `pulumi.log` only prints. But the engine gives every plugin the address of its log service as last argument.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import Protocol

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

LIMIT_SECONDS = 2.0
_said: set[str] = set()
_lock = threading.Lock()


class Warn(Protocol):
    """Shows a warning."""

    def __call__(self, sentence: str, *, about: str | None = None) -> None:
        """Show it; of what is `about` one thing, once."""


def warn(sentence: str, *, about: str | None = None) -> None:
    """Show a warning. Never fails: where the engine cannot be asked it is printed.

    Args:
        sentence: the warning.
        about: what it is about: of one thing a process warns once, in the first words. The sentence itself, if absent.
    """
    with _lock:
        if (about or sentence) in _said:
            return
        _said.add(about or sentence)
    address = sys.argv[-1]
    if re.fullmatch(r"[\w.\[\]:-]+:\d+", address):
        try:
            with grpc.insecure_channel(address) as channel:
                request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=sentence)
                engine_pb2_grpc.EngineStub(channel).Log(request, timeout=LIMIT_SECONDS)
                return
        except grpc.RpcError:
            pass
    print(f"warning: {sentence}", file=sys.stderr, flush=True)
