r"""Finds secrets in a text and puts stars in their place, however their characters are escaped. No I/O and no Pulumi.

Errors show values in the notation of whatever reports them: a URL's ("p%40ss", "a+b"), JSON's or a language's
("p\"ss", "\u00fc", "\xc3\xbc"), HTML's ("&amp;", "&#252;"), one inside the other, some characters escaped and others
not. So the text is read as it is, then once decoded, and so on until nothing is left to decode, and each secret is
looked for in each of these readings, without regard to case. Base64 and hex are looked for as texts of their own.
"""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape
from html.entities import html5
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from ..dataclass import dataclass
from . import text as texts
from .hidden import MASK

SHORTEST = 4
"""The fewest characters of a secret that is looked for inside of words, too."""
MOST_READINGS = 5
"""How often an escaped text may be escaped again and still be found."""

_ESCAPED = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|\\+u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\+u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\+(?:u(?P<four>[0-9A-Fa-f]{4})|U(?P<eight>[0-9A-Fa-f]{8})|u\{(?P<braced>[0-9A-Fa-f]{1,6})\})"
    r"|(?P<bytes>(?:\\+x[0-9A-Fa-f]{2})+)"
    r"|&\#(?:(?P<decimal>[0-9]{1,7})|[xX](?P<hex>[0-9A-Fa-f]{1,6}));"
    r"|&(?P<entity>[A-Za-z][A-Za-z0-9]{1,30};)"
    r"|\\+"
)
"""A character that is written as an escape; a backslash that begins none escapes what follows, and is left out."""

_ALIKE = str.maketrans("+\n\r\t\b\f\v\a\0", " nrtbfva0")
"""What a URL writes a space as, and the letters that stand behind a backslash for control characters."""

_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TRUTH = ("true", "false")
_ALONE = r"(?<!\w)(?<!\w[-.])(?:{})(?!\w|[-.]\w)"
"""Within no word and no longer number: in "web-1", "1.5" and "10.0.0.1" no "1" stands alone."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text as it may be shown (`text.clean`), with three stars wherever a secret stands in it.

    Args:
        text: the text.
        secrets: what must not be seen. What has fewer than 4 characters, a number and a boolean are masked where they
            stand alone, since nearly every text has such within its words.
    """
    wanted = [_wanted(secret) for secret in dict.fromkeys(secrets) if secret.strip()]
    # Control characters may stand in a secret, and escape sequences between its characters: so before and after.
    return _masked(texts.clean(_masked(text, wanted)), wanted)


def _masked(text: str, wanted: list[_Wanted]) -> str:
    spans = sorted(_found(text, wanted)) if wanted else []
    parts: list[str] = []
    end = 0
    for begin, stop in spans:
        if begin > end or not parts:
            parts += [text[end:begin], MASK]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


class _Wanted(NamedTuple):
    """What to look for because of one secret.

    Attributes:
        alone: what is to be masked where it stands alone, as a regular expression; empty where there is none.
        plain: what is looked for in each reading, alike.
        encoded: what is looked for in each reading as it is, with how many characters around it are partly of it.
    """

    alone: str
    plain: tuple[str, ...]
    encoded: tuple[tuple[str, int, int], ...]


@lru_cache(maxsize=16384)
def _wanted(secret: str) -> _Wanted:
    whole = {form for form in (secret, secret.strip(), texts.clean(secret).strip()) if form}
    short = {form for form in whole if _is_common(form.strip())}
    alone = sorted({re.escape(escaped) for form in short for escaped in _escaped(form)})
    whole -= short
    lines = {line.strip() for form in whole for line in form.splitlines()}
    parts = sorted(whole | {line for line in lines if len(line) >= SHORTEST})
    plain = {_alike(form) for part in parts for form in (*_escaped(part), *(r.text for r in _readings(part)))}
    plain |= {form.encode("utf-8", "replace").hex() for form in whole}
    encoded = {found for form in whole for found in _base64(form.encode("utf-8", "replace"))}
    return _Wanted(
        _ALONE.format("|".join(alone)) if alone else "",
        tuple(form for form in plain if len(form) >= SHORTEST and form.strip()),
        tuple(encoded),
    )


def _is_common(text: str) -> bool:
    """Whether many a text has it within its words: it is short, a number or a boolean."""
    return len(text) < SHORTEST or bool(_NUMBER.fullmatch(text)) or text.lower() in _TRUTH


def _escaped(secret: str) -> tuple[str, ...]:
    """The secret as it is, and in the usual notations."""
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        escape(secret),
    )


def _base64(data: bytes) -> Iterator[tuple[str, int, int]]:
    """The data in Base64, as it stands behind a multiple of three bytes, and behind one and two more.

    At its ends characters may be of other bytes as well; they are left out, and counted.
    """
    for shift in range(3):
        bits = 8 * (shift + len(data))
        core = slice(-(-8 * shift // 6), bits // 6)
        for form in {base64.b64encode(bytes(shift) + data), base64.urlsafe_b64encode(bytes(shift) + data)}:
            if len(form[core]) >= SHORTEST:
                yield form[core].decode("ascii"), int(shift > 0), int(bits % 6 > 0)


def _found(text: str, wanted: Iterable[_Wanted]) -> Iterator[tuple[int, int]]:
    """Where it stands in the text."""
    readings = list(_readings(text))
    alike = [_alike(reading.text) for reading in readings]
    for one in wanted:
        if one.alone:
            flags = re.IGNORECASE if any(truth in one.alone.lower() for truth in _TRUTH) else 0
            yield from (match.span() for match in re.finditer(one.alone, text, flags))
        for index, reading in enumerate(readings):
            for form in one.plain:
                yield from (_in_text(readings, index, *span) for span in _each(form, alike[index]))
            for form, before, after in one.encoded:
                for begin, end in _each(form, reading.text):
                    around = max(begin - before, 0), min(end + after, len(reading.text))
                    yield _in_text(readings, index, *around)


def _each(form: str, text: str) -> Iterator[tuple[int, int]]:
    begin = text.find(form)
    while begin >= 0:
        yield begin, begin + len(form)
        begin = text.find(form, begin + len(form))


def _alike(text: str) -> str:
    """The text, with one character for all that are to be taken for the same; as long as it was."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return lower.translate(_ALIKE)


@dataclass(frozen=True)
class _Reading:
    """A text, and where its parts come from in the text that it was decoded from.

    Attributes:
        text: the text.
        begins: where each part begins in it.
        parts: where that was; and whether it is as it was there, or what one escape stands for.
    """

    text: str
    begins: tuple[int, ...] = ()
    parts: tuple[tuple[int, int, bool], ...] = ()

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """Where a part of it was."""
        return self._of(begin)[0], self._of(end - 1)[1]

    def _of(self, position: int) -> tuple[int, int]:
        index = bisect.bisect_right(self.begins, position) - 1
        begin, end, as_it_was = self.parts[index]
        if not as_it_was:
            return begin, end
        begin += position - self.begins[index]
        return begin, begin + 1


def _in_text(readings: list[_Reading], index: int, begin: int, end: int) -> tuple[int, int]:
    for reading in reversed(readings[1 : index + 1]):
        begin, end = reading.origin(begin, end)
    return begin, end


def _readings(text: str) -> Iterator[_Reading]:
    """The text as it is, decoded, decoded once more, until nothing is left to decode."""
    reading = _Reading(text)
    for _ in range(MOST_READINGS):
        yield reading
        decoded = _decoded(reading.text)
        if decoded.text == reading.text:
            return
        reading = decoded


def _decoded(text: str) -> _Reading:
    characters: list[str] = []
    begins: list[int] = []
    parts: list[tuple[int, int, bool]] = []
    length = end = 0
    escape_at: int | None = None  # where backslashes began that escape the character behind them

    def add(piece: str, begin: int, stop: int, *, as_it_was: bool) -> None:
        nonlocal length, escape_at
        if not piece:
            return
        if escape_at is not None:
            first, escape_at = escape_at, None
            if as_it_was:
                add(piece[0], first, begin + 1, as_it_was=False)
                add(piece[1:], begin + 1, stop, as_it_was=True)
                return
            begin = first
        begins.append(length)
        parts.append((begin, stop, as_it_was))
        characters.append(piece)
        length += len(piece)

    for match in _ESCAPED.finditer(text):
        add(text[end : match.start()], end, match.start(), as_it_was=True)
        if match.lastgroup is None and escape_at is None:
            escape_at = match.start()
        for piece, begin, stop in _meant(match):
            add(piece, begin, stop, as_it_was=False)
        end = match.end()
    add(text[end:], end, len(text), as_it_was=True)
    return _Reading("".join(characters), tuple(begins), tuple(parts))


def _meant(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """The characters that an escape stands for, each with where it stands."""
    kind, begin, end = match.lastgroup, *match.span()
    if kind in ("percent", "bytes"):
        yield from _of_bytes(match)
    elif kind == "low":
        yield texts.sendable(chr(int(match["high"], 16)) + chr(int(match["low"], 16))), begin, end
    elif kind == "entity":
        yield html5.get(match["entity"], match[0]), begin, end
    elif kind is not None:
        code = int(match[kind], 10 if kind == "decimal" else 16)
        yield chr(code) if code < 0x110000 else match[0], begin, end


def _of_bytes(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """The characters of bytes, each of which is an escape: UTF-8, or what is no UTF-8 as Latin-1."""
    each = [(int(found[1], 16), *found.span()) for found in re.finditer(r"(?:%|\\+x)(..)", match[0])]
    data, index = bytes(value for value, _, _ in each), 0
    while index < len(data):
        size = next((n for n in range(1, 5) if _is_character(data[index : index + n])), 0)
        piece = data[index : index + size].decode("utf-8") if size else chr(data[index])
        last = index + max(size, 1) - 1
        yield piece, match.start() + each[index][1], match.start() + each[last][2]
        index = last + 1


def _is_character(data: bytes) -> bool:
    try:
        return len(data.decode("utf-8")) == 1
    except UnicodeDecodeError:
        return False
