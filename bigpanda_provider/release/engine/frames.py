"""Python tracebacks in what the engine says, without the frames of Pulumi and of what runs a program. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field

from ...dataclass import dataclass

_HEADING = re.compile(r"(?P<before>(?!.*Exception Group).*?)Traceback \(most recent call last\):\s*$")
_FRAME = re.compile(r'(?P<indent>\s+)File "(?P<path>.+)", line \d+')
_MACHINERY = re.compile(
    r"(site|dist)-packages/(pulumi|grpc)/|/pulumi-language-python-exec$|/python[\d.]+/(asyncio|concurrent/futures)/"
    r"|^<frozen runpy>$|/python[\d.]+/runpy\.py$"
)
"""The files of Pulumi's SDK, of what it calls programs and providers with, and of the program's process."""
_CHAINED = re.compile(
    r"(During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\s*$"
)


@dataclass
class _Traceback:
    """A traceback.

    Attributes:
        heading: its first line.
        before: what stands on that line before it.
        frames: the lines of the frames that are kept.
        after: the lines that follow: the exception, and what is said next.
    """

    heading: str = ""
    before: str = ""
    frames: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """All of it; without a frame, what follows."""
        if self.frames:
            return [self.heading, *self.frames, *self.after]
        return [self.before + "".join(self.after[:1]), *self.after[1:]]

    @property
    def is_cause(self) -> bool:
        """Whether the next traceback is of an exception that came of this one's."""
        return any(_CHAINED.match(line) for line in self.after[-3:])


def shortened(text: str) -> str:
    """A text whose tracebacks have only the frames of the user's own files.

    Where no frame is left, the exception is; of several that came of each other then the last one.
    """
    before, *found = _tracebacks(text.splitlines())
    if not found:
        return text
    shown, chain = before.after, list[_Traceback]()
    for one in found:
        chain.append(one)
        if one is found[-1] or not one.is_cause:
            kept = chain if any(other.frames for other in chain) else chain[-1:]
            shown.extend(line for other in kept for line in other.lines)
            chain = []
    return "\n".join(shown)


def _tracebacks(lines: Iterable[str]) -> Iterator[_Traceback]:
    """The tracebacks; in front of them one without frames, of what stands before the first."""
    current = _Traceback()
    indent: str | None = None  # of the frames; empty before the first one, None where none follows
    keep = True
    for line in lines:
        heading, frame = _HEADING.match(line), _FRAME.match(line)
        if heading is not None:
            yield current
            current, indent = _Traceback(line, heading["before"]), ""
            continue
        if frame is not None and indent in ("", frame["indent"]):
            indent, keep = frame["indent"], not _MACHINERY.search(frame["path"].replace("\\", "/"))
        elif not indent or not line.startswith(indent):
            indent = None
        if indent is None:
            current.after.append(line)
        elif keep:
            current.frames.append(line)
    yield current
