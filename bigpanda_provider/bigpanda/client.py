"""The one door to BigPanda: sends a post, or reads, within one time limit, and says what became of it.

The limit is over everything together: tries and the waits between them. One try has a third of it at most, so that a
connection that hangs is replaced within the limit, but no less than 3 s, so that a slow answer is not taken for a lost
one.
"""

from __future__ import annotations

import itertools
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
import urllib3

from ..dataclass import dataclass
from ..errors import DeliveryError, RefusedError, RejectedError, UnavailableError
from ..settings import DEFAULT_TIMEOUT_SECONDS, ClientCertificate, Settings, Token
from .advice import Advice
from .masking import masked
from .text import one_line
from .transport import BODY_LIMIT_BYTES, READ_LIMIT_BYTES, Transport, Try
from .wire import Post

USER_AGENT = "bigpanda-provider"

REJECTED = frozenset({400, 413, 422})
RETRIED = frozenset({408, 409, 425, 429})
"""Besides 5xx; 409 is a conflict with another request for the same change, and is over when that is."""
TOO_MANY = 429
WITHOUT_CERTIFICATE = ("No required SSL certificate was sent", "The SSL certificate error")
"""What nginx says with a 400 where it misses a client certificate, or does not accept it: that can be fixed."""
NOT_TAKEN = 503
"""The one answer of 5xx that says that the request went nowhere; after the others, it may have arrived."""

TRIES = 3
"""How many tries that hang the limit has room for."""
LEAST_TRY_S = 3.0
"""How long a try may take in any case, as far as the limit allows, in seconds: BigPanda may be slow to answer."""
SHORTEST = 20
"""What part of the limit another try needs at least: one that is cut at once only leaves the event in doubt."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, JITTER_S = 0.4, 2.0, 0.1
"""Between the beginnings of two tries; the first one that fails is followed by another at once."""

SHOWN_LIMIT = 200
"""Most characters of BigPanda's own text in an error."""


@dataclass(frozen=True)
class Page:
    """What BigPanda answers to a read.

    Attributes:
        content: the JSON.
        cursor: what asks for the next page; None where this is the last.
    """

    content: Any
    cursor: str | None


class BigPandaClient:
    """Sends posts to one BigPanda with one token, over kept-alive connections.

    Args:
        base_url: scheme, host and path prefix, as `settings.base_url` returns it.
        token: the API token.
        app_key: the app key, which the Changes API takes beside it.
        timeout_seconds: the time one event may take, in seconds, with everything it takes.
        certificate: what the connections identify themselves with.
        advice: what its errors say to check; of default settings, if None.

    Any 2xx answer is success, whatever its body: which one BigPanda gives is not documented. Redirects are not
    followed, so that the token goes to no other host.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        certificate: ClientCertificate | None = None,
        app_key: Token | None = None,
        advice: Advice | None = None,
    ) -> None:
        self.base_url = base_url
        self.timeout_seconds = timeout_seconds
        self._secrets = [one.reveal() for one in (token, app_key) if one is not None]
        files = None if certificate is None else certificate.files
        self.advice = Advice(Settings.resolve({}, {})) if advice is None else advice
        self._transport = Transport(base_url, _Bearer(token, app_key), USER_AGENT, files)

    def __repr__(self) -> str:
        return f"BigPandaClient({self.base_url!r})"

    def send(self, post: Post, limit_s: float | None = None, *, secret: bool = False) -> None:
        """Send a post until that is settled or the time is up; returns once a 2xx has been read.

        Args:
            post: the post.
            limit_s: the time it may take, in seconds, if not the client's own.
            secret: whether something in it is secret: then no error holds BigPanda's own text, which may repeat it.

        Raises:
            UnavailableError: no answer within the time limit that settles it; later may be better.
            RefusedError: the token or the address is not accepted.
            RejectedError: BigPanda will never take this post.
        """
        limit_s = self.timeout_seconds if limit_s is None else limit_s
        body = json.dumps(post.body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        most_s = max(self.timeout_seconds / TRIES, LEAST_TRY_S)

        def once(try_s: float) -> tuple[Try, DeliveryError | None]:
            tried = self._transport.post(self.base_url + post.path, body, min(try_s, most_s))
            return tried, self._error(tried, limit_s, secret, self.advice.on_post)

        self._until_settled(once, limit_s)

    def read(self, path: str, query: Mapping[str, str], limit_s: float | None = None) -> Page:
        """Read until there is an answer or the time is up.

        Args:
            path: what comes after the base URL.
            query: the parameters.
            limit_s: the time it may take, in seconds, if not the client's own.

        Raises:
            DeliveryError: as `send` does, or the answer is not JSON.
        """
        limit_s = self.timeout_seconds if limit_s is None else limit_s
        url = f"{self.base_url}{path}?{urlencode(query)}"

        def once(try_s: float) -> tuple[Try, DeliveryError | None]:
            tried = self._transport.get(url, try_s)
            error = self._error(tried, limit_s, secret=False, advice=self.advice.on_read)
            return tried, error or self._incomplete(tried, limit_s)

        tried = self._until_settled(once, limit_s)
        try:
            return Page(json.loads(tried.body), _cursor(tried.link))
        except (ValueError, RecursionError):
            told = f"{self.base_url} answered {tried.status}, but not in JSON"
            raise RefusedError(f"{told}. {self.advice.on_address}") from None

    def _until_settled(self, once: Callable[[float], tuple[Try, DeliveryError | None]], limit_s: float) -> Try:
        """Try until that is settled or the time is up.

        Args:
            once: tries within so many seconds; returns the try, and what went wrong.
            limit_s: the time that all tries may take, in seconds.
        """
        deadline = time.monotonic() + limit_s
        perhaps_arrived = False
        pauses = _pauses()
        while True:
            pause_s, began = next(pauses), time.monotonic()
            tried, error = once(max(deadline - began, 0.001))
            if error is None:
                return tried
            perhaps_arrived |= _perhaps_arrived(tried)
            now = time.monotonic()
            wait_s = max(tried.retry_after_s, began + pause_s - now, 0)
            next_ends = now + wait_s + self.timeout_seconds / SHORTEST
            if not isinstance(error, UnavailableError) or next_ends >= deadline:
                error.perhaps_arrived = perhaps_arrived
                raise error
            time.sleep(wait_s)

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._transport.close()

    def _incomplete(self, tried: Try, limit_s: float) -> DeliveryError | None:
        """Why an answer cannot be used though its status is good; None where it can."""
        if tried.is_whole:
            return None
        if tried.body:
            return RefusedError(f"{self.base_url} answered with more than {READ_LIMIT_BYTES >> 20} MiB")
        if tried.failure is None:
            return UnavailableError(f"{self.base_url} did not complete its answer within {limit_s:.3g} s")
        return UnavailableError(f"{self.base_url} did not complete its answer ({type(tried.failure).__name__})")

    def _error(self, tried: Try, limit_s: float, secret: bool, advice: Callable[[int], str]) -> DeliveryError | None:
        """What went wrong with a try; None where the event got through."""
        missing = next((told for told in WITHOUT_CERTIFICATE if told.encode() in tried.body), None)
        if tried.status == 400 and missing is not None:
            return RefusedError(f"{self.base_url} answered 400: {missing}. {self.advice.on_certificate}")
        if tried.status is not None:
            return self._outcome(tried.status, b"" if secret else tried.body, advice)
        if tried.failure is None or _timed_out(tried.failure):
            return UnavailableError(f"{self.base_url} did not answer within {limit_s:.3g} s")
        if _certificate_alert(tried.failure):
            told = f"{self.base_url} did not accept the client certificate: {_cause(tried.failure)}"
            return RefusedError(f"{told}. {self.advice.on_certificate}")
        if isinstance(tried.failure, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
            return UnavailableError(f"{self.base_url} could not be reached: {_cause(tried.failure)}")
        # no text: it could hold anything
        return UnavailableError(f"{self.base_url} could not be reached ({type(tried.failure).__name__})")

    def _outcome(self, status: int, text: bytes, advice: Callable[[int], str]) -> DeliveryError | None:
        """What an answer means; BigPanda's own text is shown, without the token should it stand there."""
        if 200 <= status < 300:
            return None
        said = one_line(masked(text[:BODY_LIMIT_BYTES].decode("utf-8", "replace"), self._secrets), SHOWN_LIMIT)
        told = f"{status}" + (f": {said}" if said else "")
        answer = f"{self.base_url} answered {told}"
        if 300 <= status < 400:
            return RefusedError(f"{answer}, a redirect, which is not followed. {self.advice.on_address}")
        if status in REJECTED:
            return RejectedError(answer, told)
        if status in RETRIED or status >= 500:
            return UnavailableError(answer, too_many=status == TOO_MANY)
        return RefusedError(f"{answer}. {advice(status)}")


class _Bearer(requests.auth.AuthBase):
    """Sets the token and the app key, and so keeps `requests` from taking other credentials out of a .netrc file."""

    def __init__(self, token: Token, app_key: Token | None) -> None:
        self._token, self._app_key = token, app_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        if self._app_key is not None:
            request.headers["x-bp-app-key"] = self._app_key.reveal()
        return request


def _cursor(link: str) -> str | None:
    """The cursor in a `Link` header. Of the address nothing else is used: the token goes to no other host."""
    links = requests.utils.parse_header_links(link) if link else []
    following = [one for one in links if one.get("rel") == "next"] or [one for one in links if "rel" not in one]
    cursors = parse_qs(urlsplit(following[0]["url"]).query).get("cursor") if len(following) == 1 else None
    return cursors[0] if cursors else None


def _pauses() -> Iterator[float]:
    """How long it takes from the beginning of each try to that of the next, at least, in seconds."""
    yield 0.0
    for doubled in itertools.count():
        yield min(FIRST_PAUSE_S * 2**doubled, LONGEST_PAUSE_S) + random.uniform(0, JITTER_S)  # noqa: S311


def _perhaps_arrived(tried: Try) -> bool:
    """Whether a request that did not succeed was sent, and had no answer that says what became of it."""
    if tried.status is None:
        return tried.sent and not _certificate_alert(tried.failure)
    return tried.status >= 500 and tried.status != NOT_TAKEN


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it was raised from, or that it holds, as urllib3 wraps them."""
    while error is not None:
        yield error
        held = (one for one in error.args if isinstance(one, BaseException))
        error = error.__cause__ or error.__context__ or next(held, None)


def _certificate_alert(error: BaseException | None) -> bool:
    """Whether the other side ended the handshake over the client's certificate: then it has read nothing.

    With TLS 1.3 it does so after the client has begun to send.
    """
    reasons = [one.reason or "" for one in _chain(error) if isinstance(one, ssl.SSLError)]
    return any("_ALERT_" in reason and any(word in reason for word in _ABOUT_CERTIFICATES) for reason in reasons)


_ABOUT_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


def _timed_out(error: BaseException | None) -> bool:
    """Whether the time limit is at the end of a chain of wrapped errors."""
    return any(isinstance(one, TimeoutError) for one in _chain(error))


def _cause(error: BaseException) -> str:
    """The last of a chain of wrapped errors, shortly and without addresses of objects."""
    *_, error = _chain(error)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return one_line(str(text), SHOWN_LIMIT)
