"""What an update takes longer, by the number of its resources: measured from 1 to 3,000, and drawn."""

from __future__ import annotations

import math
import pathlib
import tempfile
from collections.abc import Iterator, Sequence

from tests import servers

from .measure import Figure, longer, spreads
from .updates import NO_CHECKPOINTS, both

PICTURE = pathlib.Path(__file__).with_name("overhead.svg")
COUNTS = (1, 10, 100, 1000, 3000)
STEPS = {"create": "all created", "changed": "all changed"}
ROUNDS, ROUNDS_OF_MANY, MANY = 3, 1, 1000
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 380, 70, 50, 130, 60
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; } .axis { stroke: #d0d7de; }
path { fill: none; stroke-width: 2; } .create { stroke: #0969da; fill: none; } .changed { stroke: #bc4c00; }
text.create { fill: #0969da; stroke: none; } text.changed { fill: #bc4c00; stroke: none; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .axis { stroke: #484f58; } .create { stroke: #58a6ff; } .changed { stroke: #f0883e; }
text.create { fill: #58a6ff; } text.changed { fill: #f0883e; }
}"""


def by_number() -> Iterator[Figure]:
    """Seconds that creating and changing all take longer, at each number of covered resources."""
    added: dict[str, list[float]] = {step: [] for step in STEPS}
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
            made = both(folder, bigpanda.address, count, **NO_CHECKPOINTS)
            taken: dict[str, list[list[float]]] = {step: [] for step in STEPS}
            for _ in range(ROUNDS_OF_MANY if count >= MANY else ROUNDS):
                for step in (*STEPS, "empty"):
                    times = [getattr(update, step)() for update in made]
                    taken.get(step, []).append(times)
            for step in STEPS:
                without, with_it = spreads(taken[step])
                added[step].append(longer(with_it, without).median)
    PICTURE.write_text(drawn(added))
    for step, name in STEPS.items():
        told = ", ".join(f"{seconds:.2f} s of {count:,}" for count, seconds in zip(COUNTS, added[step], strict=True))
        yield Figure(f"what an `up` takes longer, {name}", "none: see the picture", told, True)


def drawn(added: dict[str, list[float]]) -> str:
    """The picture, as SVG: both axes are logarithmic, and what is less than 10 ms stands at the bottom."""
    top = math.ceil(math.log10(max(max(values) for values in added.values())))
    across = (WIDTH - LEFT - RIGHT) / math.log10(COUNTS[-1])
    up = (HEIGHT - TOP - BOTTOM) / (top + 2)

    def x(count: int) -> float:
        return LEFT + across * math.log10(count)

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - up * (math.log10(max(seconds, 0.01)) + 2)

    parts = [f'<text x="{LEFT - 40}" y="24">Seconds that an update takes longer, by number of covered resources</text>']
    for exponent in range(-2, top + 1):
        level = y(10.0**exponent)
        parts.append(f'<path class="axis" d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{level + 4:.1f}" text-anchor="end">{10.0**exponent:g} s</text>')
    for count in COUNTS:
        parts.append(f'<text x="{x(count):.1f}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{count:,}</text>')
    for step, name in STEPS.items():
        parts.append(_line(step, [(x(count), y(seconds)) for count, seconds in zip(COUNTS, added[step], strict=True)]))
        parts.append(f'<text class="{step}" x="{WIDTH - RIGHT + 8}" y="{y(added[step][-1]) + 4:.1f}">{name}</text>')
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"


def _line(step: str, points: Sequence[tuple[float, float]]) -> str:
    return f'<path class="{step}" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + '"/>'
