"""What text from outside may be sent, stored and shown. No I/O and no Pulumi.

Text comes from BigPanda's answers, from errors of resources and programs, from the engine, from the command line, from
properties, and from what an older version of this package stored. Each passes one of these functions where it comes in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

CUT = "…"
"""The end of a text that was too long."""

_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line, besides the newline that stands in its place."""

_SEQUENCES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\n\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and the like
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, movements of the cursor
    r"|\x1b[ -/]*[0-~]"  # all others
)
"""Escape sequences of terminals (ECMA-48). Each alternative stops where another could begin, so time is linear."""

_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but newline and tab, and those that change the direction in which text is shown."""


def sendable(text: str) -> str:
    """The text as UTF-8 can carry it: two surrogates that make a character become it, a lone one U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean(text: str, limit: int | None = None) -> str:
    r"""The text as it may be sent and shown: without escape sequences, control characters and lone surrogates.

    Newlines and tabs stay; whatever else ends a line becomes "\n". Clean text stays as it is.

    Args:
        text: the text.
        limit: the most characters to keep; a text that is longer ends in "…".
    """
    found = _UNSEEN.sub("", _BREAKS.sub("\n", _SEQUENCES.sub("", sendable(text))))
    return found if limit is None or len(found) <= limit else found[: limit - len(CUT)] + CUT


def one_line(text: str, limit: int | None = None) -> str:
    """As `clean`, in one line: white space of any kind becomes single spaces."""
    return clean(" ".join(clean(text).split()), limit)


def name(text: str, limit: int | None = None) -> str:
    """As `clean`, for a name: newlines and tabs around it are left out, such as a file's last, within it become spaces.

    Spaces that are given stay, since names are compared by their characters.
    """
    return clean(re.sub(r"[\n\t]+", " ", clean(text).strip("\n\t")), limit)


def listed(names: Sequence[str], most: int) -> str:
    """Names in a line: the first few, and how many more there are."""
    more = len(names) - most
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:most])} and {more} more"
