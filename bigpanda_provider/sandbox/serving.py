"""The HTTP server of the sandbox."""

from __future__ import annotations

import json
import socket

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from .feed import Feed

BAD_REQUEST = 400


def server(app: FastAPI) -> uvicorn.Server:
    """A server of the application."""
    return _Server(uvicorn.Config(app, http=_Http, log_level="warning", timeout_graceful_shutdown=2), app.state.feed)


class _Server(uvicorn.Server):
    """Ends the messages to open pages when it is told to stop, or it would wait for them and complain."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        await self._feed.close()
        await super().shutdown(sockets)


class _Http(H11Protocol):
    """Tells in the sandbox's shape too of what is no HTTP, so that it never reaches the application."""

    def send_400_response(self, msg: str) -> None:
        """Answer, unless an answer is on its way already, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"errors": [msg]}).encode()
            headers = [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ]
            for event in (
                h11.Response(status_code=BAD_REQUEST, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
