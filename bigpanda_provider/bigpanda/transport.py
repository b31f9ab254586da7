"""One HTTP request with one deadline: whatever blocks, its caller goes on in time, and the connection is cut.

`requests` and urllib3 limit single operations of a socket. What they have no limit for is a request: a name look-up,
several addresses, and a handshake or an answer that trickles in byte by byte. So each request runs in a thread of its
own, and what its caller waits for is the status line: it says what became of the request, whatever comes after it.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .workers import Workers

BODY_LIMIT_S = 1.0
"""How long to wait for the body of an answer, so that its connection can be used again: its status says all."""
BODY_LIMIT_BYTES = 64 * 1024
READ_LIMIT_BYTES = 16 * 1024 * 1024
"""Most bytes of an answer that is read for what it says."""

FINAL_FROM = 200
"""The first status of an answer that no other follows."""


class Try:
    """One request, as far as it came within its time.

    Its thread writes into it, until the caller finishes it; nothing changes after that.

    Attributes:
        sent: whether any of it may have been sent.
        status: the answer's status; None where no answer came.
        retry_after_s: how long the answer asks to wait, in seconds; 0 where it does not ask, or not in a way that can
            be read.
        body: the answer's body, as far as it could be read.
        is_whole: whether that is all of it.
        link: the answer's `Link` header; empty where it has none.
        failure: why no answer came; None where the time was up.
    """

    def __init__(self) -> None:
        self.sent = False
        self.status: int | None = None
        self.retry_after_s = 0.0
        self.body = b""
        self.is_whole = False
        self.link = ""
        self.failure: Exception | None = None
        self._lock = threading.Lock()
        self._over = False
        self._tap: socket.socket | None = None
        self._settled = threading.Event()

    # -- for its caller ------------------------------------------------------------------------------------------------

    def wait(self, limit_s: float) -> bool:
        """Wait for a status, or for a failure; whether one of them came within so many seconds."""
        return self._settled.wait(limit_s)

    def finish(self, *, cut: bool) -> None:
        """Take it as it is now.

        Args:
            cut: whether the connection is cut, so that the thread is not held by it any longer.
        """
        with self._lock:
            self._over = True
            tap, self._tap = self._tap, None
        if tap is not None:
            with tap, contextlib.suppress(OSError):  # it is closed already
                if cut:
                    tap.shutdown(socket.SHUT_RDWR)

    # -- for its thread ------------------------------------------------------------------------------------------------

    def uses(self, sock: Any) -> None:
        """Note the socket, so that it can be cut.

        Raises:
            TimeoutError: the caller has gone on already.
        """
        with self._lock:
            self._refuse_if_over()
            if self._tap is None:
                # A descriptor of its own for the same connection: TLS takes the first one away from its socket, and
                # `http.client` closes it before the body of a last answer is read.
                self._tap = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)

    def sends(self) -> None:
        """Note that something may be sent from now on; raises as `uses` does."""
        with self._lock:
            self._refuse_if_over()
            self.sent = True

    def answered(self, status: int) -> None:
        """Note the answer's status."""
        with self._lock:
            if not self._over:
                self.status = status
        self._settled.set()

    def asks_to_wait(self, seconds: float) -> None:
        """Note for how long the answer asks to wait."""
        with self._lock:
            if not self._over:
                self.retry_after_s = seconds

    def reads(self, body: bytes, link: str, is_whole: bool) -> None:
        """Note the answer's body, and what it links to."""
        with self._lock:
            if not self._over:
                self.body, self.link, self.is_whole = body, link, is_whole

    def ends(self, failure: Exception | None = None) -> None:
        """Note that nothing more will come."""
        with self._lock:
            if not self._over:
                self.failure = failure
        self._settled.set()

    def _refuse_if_over(self) -> None:
        if self._over:
            raise TimeoutError("the time limit has passed")


class Transport:
    """Posts and reads JSON over kept-alive connections. Redirects are not followed: what is sent goes to no other host.

    Args:
        url: where to, as far as proxies and CA bundle depend on it; they come from the environment.
        auth: signs the requests.
        user_agent: what they say they come from.
        certificate: the file of the client's certificate, or that and the one of its key; None for none.
    """

    def __init__(
        self, url: str, auth: AuthBase, user_agent: str, certificate: str | tuple[str, str] | None = None
    ) -> None:
        self._workers = Workers("bigpanda-post")
        self._session = requests.Session()
        self._session.auth = auth
        self._session.headers.update({"User-Agent": user_agent, "Content-Type": "application/json"})
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter())
        # The environment's proxies and CA bundle are looked up once: by itself, `requests` does it for each request.
        for name, value in self._session.merge_environment_settings(url, {}, None, None, None).items():
            setattr(self._session, name, value)
        self._session.trust_env = False
        self._session.cert = certificate

    def post(self, url: str, body: bytes, limit_s: float) -> Try:
        """Post once.

        Args:
            url: where to.
            body: the JSON object.
            limit_s: the time it may take, in seconds, with everything it takes.
        """
        return self._once(partial(self._post, body=body), url, limit_s, BODY_LIMIT_S)

    def get(self, url: str, limit_s: float) -> Try:
        """Read once. The answer's body counts here, so there is as much time for it as for the rest.

        Args:
            url: from where.
            limit_s: the time it may take, in seconds, with everything it takes.
        """
        return self._once(self._get, url, limit_s, limit_s)

    def _once(self, request: Callable[[Try, str, float], None], url: str, limit_s: float, body_limit_s: float) -> Try:
        deadline = time.monotonic() + limit_s
        tried = Try()
        done = self._workers.run(partial(self._try, request, tried, url, limit_s))
        try:
            if tried.wait(limit_s):
                done.wait(max(min(body_limit_s, deadline - time.monotonic()), 0))
        finally:
            tried.finish(cut=not done.is_set())
        return tried

    def close(self) -> None:
        """Close the kept-alive connections, and end the threads that use them."""
        self._session.close()
        self._workers.stop()

    def _try(self, request: Callable[[Try, str, float], None], tried: Try, url: str, limit_s: float) -> None:
        _current.tried = tried
        try:
            request(tried, url, limit_s)
            tried.ends()
        except Exception as error:  # noqa: BLE001 - a thread's exception would be lost
            tried.ends(error)

    def _post(self, tried: Try, url: str, limit_s: float, *, body: bytes) -> None:
        with self._session.post(url, data=body, timeout=limit_s, allow_redirects=False, stream=True) as answer:
            tried.reads(*_read(answer, BODY_LIMIT_BYTES))

    def _get(self, tried: Try, url: str, limit_s: float) -> None:
        without = {"Content-Type": None}  # nothing is sent
        with self._session.get(url, headers=without, timeout=limit_s, allow_redirects=False, stream=True) as answer:
            tried.reads(*_read(answer, READ_LIMIT_BYTES))


def _read(answer: requests.Response, most: int) -> tuple[bytes, str, bool]:
    """The answer's body, its `Link` header, and whether that is the whole body."""
    body = b""
    while len(body) <= most and (more := answer.raw.read(most + 1 - len(body), decode_content=True)):
        body += more
    return body[:most], answer.headers.get("Link", ""), len(body) <= most


_current = threading.local()


class _Answer(http.client.HTTPResponse):
    """An answer whose status counts as soon as its line is there, whatever its headers and its body are."""

    @property
    def status(self) -> int:
        """The status, as `http.client` sets it: before it reads the headers."""
        return self._status

    @status.setter
    def status(self, status: int) -> None:
        self._status = status
        if isinstance(status, int) and status >= FINAL_FROM:
            _current.tried.answered(status)

    def begin(self) -> None:
        """Read status line and headers; an answer of 1xx says that another one follows, and is passed over."""
        while self.headers is None:
            super().begin()
            if self.status < FINAL_FROM:
                self.headers = None  # as before its first line
        _current.tried.asks_to_wait(_retry_after_s(self.headers))


class _Http(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        try:
            _current.tried.uses(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # before it counts as sent
        _current.tried.uses(self.sock)
        _current.tried.sends()
        super().request(*args, **kwargs)


class _Https(_Http, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    """Connections that a deadline can cut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._cuttable(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return self._cuttable(super().proxy_manager_for(*args, **kwargs))

    @staticmethod
    def _cuttable(manager: Any) -> Any:
        manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        return manager


def _retry_after_s(headers: Message) -> float:
    """What `Retry-After` asks for, in seconds: a number of them, or a date. What cannot be read asks for nothing."""
    given = headers.get_all("Retry-After", [])
    text = given[0].strip() if len(given) == 1 else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(at.timestamp() - time.time(), 0.0) if at.tzinfo is not None else 0.0
    except (ValueError, OverflowError, TypeError, IndexError):
        return 0.0
