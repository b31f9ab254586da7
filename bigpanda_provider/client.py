"""The one door to BigPanda: posts an event, within one time limit, and says what became of it.

`requests` does the HTTP (proxies and CA bundle come from the environment, as it takes them), urllib3's `Retry` counts
and spaces the attempts. What neither has is a limit over everything together (name look-up, connects, retries, waits,
and answers that trickle in byte by byte), so each post runs in a thread that is cut off at its deadline.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from functools import partial
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .errors import DeliveryError, RefusedError, RejectedError, UnavailableError
from .events import EndEvent, StartEvent, clean
from .settings import DEFAULT_TIMEOUT_SECONDS, Token
from .workers import Workers

START_PATH = "/data/events/deployments/start"
END_PATH = "/data/events/deployments/end"
USER_AGENT = "bigpanda-provider"

REJECTED = frozenset({400, 413, 422})
RETRIED = frozenset({408, 425, 429})
ANSWER_LIMIT_BYTES = 64 * 1024
SHOWN_LIMIT = 200
"""Most characters of BigPanda's own text in an error."""


class BigPandaClient:
    """Sends deployment events to one BigPanda with one token, over kept-alive connections.

    Args:
        base_url: scheme, host and path prefix, as `settings.base_url` returns it.
        token: the API token.
        timeout_seconds: the time one event may take, in seconds, with everything it takes.

    Any 2xx answer is success, whatever its body: which one BigPanda gives is not documented. Redirects are not
    followed, so that the token goes to no other host.
    """

    def __init__(self, base_url: str, token: Token, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        self.base_url = base_url
        self.timeout_seconds = timeout_seconds
        self._token = token
        self._workers = Workers("bigpanda-post")
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update({"User-Agent": USER_AGENT, "Content-Type": "application/json"})
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter())
        # The environment's proxies and CA bundle are looked up once: by itself, `requests` does it for each request.
        for name, value in self._session.merge_environment_settings(base_url, {}, None, None, None).items():
            setattr(self._session, name, value)
        self._session.trust_env = False

    def __repr__(self) -> str:
        return f"BigPandaClient({self.base_url!r})"

    def start(self, event: StartEvent, limit_s: float | None = None) -> None:
        """Send the start of a deployment.

        Args:
            event: the event.
            limit_s: the time it may take, in seconds, if not the client's own.

        Raises:
            UnavailableError: no answer within the time limit that settles it; later may be better.
            RefusedError: the token or the address is not accepted.
            RejectedError: BigPanda will never take this event.
        """
        self._post(START_PATH, event.payload(), self.timeout_seconds if limit_s is None else limit_s)

    def end(self, event: EndEvent, limit_s: float | None = None) -> None:
        """Send the end of a deployment; arguments and errors as for `start`."""
        self._post(END_PATH, event.payload(), self.timeout_seconds if limit_s is None else limit_s)

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _post(self, path: str, payload: dict[str, Any], limit_s: float) -> None:
        """Post one JSON object; returns once a 2xx has been read."""
        body = json.dumps(payload, ensure_ascii=False, allow_nan=False).encode("utf-8")
        call = _Call(time.monotonic() + limit_s)
        self._workers.run(partial(self._deliver, call, path, body)).wait(limit_s)
        call.finish()
        if call.delivered:
            return
        error = call.error or UnavailableError(f"{self.base_url} did not answer within {limit_s:.3g} s")
        error.perhaps_arrived = call.perhaps_arrived
        raise error

    def _deliver(self, call: _Call, path: str, body: bytes) -> None:
        """Try until it is settled or the time is up; the outcome is left in the call."""
        _current.call = call
        retry = urllib3.Retry(total=None, backoff_factor=0.2, backoff_max=2.0, backoff_jitter=0.1)
        try:
            while True:
                last, wait_s, retry = self._attempt(call, path, body, retry)
                if last is None:
                    call.settle(None)
                    return
                if not isinstance(last, UnavailableError) or wait_s >= call.remaining():
                    call.settle(last)
                    return
                time.sleep(wait_s)
        except Exception as error:  # noqa: BLE001 - a thread's exception would be lost; no text, it could hold anything
            call.settle(UnavailableError(f"{self.base_url} could not be asked ({type(error).__name__})"))

    def _attempt(
        self, call: _Call, path: str, body: bytes, retry: urllib3.Retry
    ) -> tuple[DeliveryError | None, float, urllib3.Retry]:
        """One request: what went wrong, and for how many seconds to wait before another."""
        try:
            response = self._session.post(
                self.base_url + path,
                data=body,
                timeout=max(call.remaining(), 0.001),
                allow_redirects=False,
                stream=True,
            )
            with response:
                text = response.raw.read(ANSWER_LIMIT_BYTES, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            retry = retry.increment("POST", path, error=_ConnectFailed())
            return (
                UnavailableError(f"{self.base_url} could not be reached: {_cause(error)}"),
                retry.get_backoff_time(),
                retry,
            )
        if response.status_code < 500 or response.status_code == 503:
            call.answered()
        retry = retry.increment("POST", path, response=response.raw)
        outcome = self._outcome(response.status_code, text)
        try:
            wait_s = retry.get_retry_after(response.raw) or 0.0
        except urllib3.exceptions.InvalidHeader:
            wait_s = 0.0
        return outcome, max(wait_s, retry.get_backoff_time()), retry

    def _outcome(self, status: int, text: bytes) -> DeliveryError | None:
        """What an answer means; BigPanda's own text is shown, without the token should it stand there."""
        if 200 <= status < 300:
            return None
        said = " ".join(text.decode("utf-8", "replace").replace(self._token.reveal(), "***").split())
        answer = f"{self.base_url} answered {status}" + (f": {clean(said, SHOWN_LIMIT)}" if said else "")
        if 300 <= status < 400:
            return RefusedError(f"{answer}, a redirect, which is not followed. {_ADVICE_ADDRESS}")
        if status in REJECTED:
            return RejectedError(answer)
        if status in RETRIED or status >= 500:
            return UnavailableError(answer)
        return RefusedError(f"{answer}. {_ADVICE.get(status, _ADVICE_ADDRESS)}")


_ADVICE_ADDRESS = "Check bigpanda:baseUrl."
_ADVICE = {
    401: "Check the token: `pulumi config set --secret bigpanda:apiToken`.",
    403: "Check the token's permissions.",
}


class _Bearer(requests.auth.AuthBase):
    """Sets the token, and so keeps `requests` from taking other credentials out of a .netrc file."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class _ConnectFailed(urllib3.exceptions.ConnectTimeoutError):
    """Stands for any failure without an answer, in counting attempts."""

    def __init__(self) -> None:
        super().__init__("no answer")


class _Call:
    """One post and its deadline: whoever comes first, the thread with an outcome or the caller with the clock, wins."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._lock = threading.Lock()
        self._over = False
        self._requests = self._answers = 0
        self._connection: HTTPConnection | None = None
        self.delivered = False
        self.error: DeliveryError | None = None

    def remaining(self) -> float:
        """Seconds left."""
        return self._deadline - time.monotonic()

    @property
    def perhaps_arrived(self) -> bool:
        """Whether one of its requests had no answer that says what became of it; most 5xx do not."""
        return self._answers < self._requests

    def answered(self) -> None:
        """Called by the thread: the last request had an answer that says what became of it."""
        self._answers += 1

    def sends(self, connection: HTTPConnection) -> None:
        """Called by the thread before each request; raises as `uses` does."""
        self.uses(connection)
        self._requests += 1

    def settle(self, error: DeliveryError | None) -> None:
        """Called by the thread: how it went."""
        with self._lock:
            if not self._over:
                self._over, self.error, self.delivered = True, error, error is None

    def finish(self) -> None:
        """Called by the caller: what is not settled now never will be; a connection still open is cut."""
        with self._lock:
            self._over = True
            connection = None if self.delivered or self.error is not None else self._connection
        sock = getattr(connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)

    def uses(self, connection: HTTPConnection) -> None:
        """Called by the thread before it sends: nothing is sent any more once the caller has given up."""
        with self._lock:
            if self._over:
                raise TimeoutError("the time limit has passed")
            self._connection = connection


_current = threading.local()


class _Http(HTTPConnection):
    def connect(self) -> None:
        _current.call.uses(self)
        super().connect()
        _current.call.uses(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # before it counts as sent
        _current.call.sends(self)
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


def _cause(error: BaseException) -> str:
    """The last of a chain of wrapped errors, shortly and without addresses of objects."""
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return clean(" ".join(str(text).split()), SHOWN_LIMIT)
