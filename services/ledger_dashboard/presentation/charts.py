"""Charts as SVG, made on the server: no script draws them, and the policy forbids styles inside. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22
MOST_LABELS = 8


@dataclass(frozen=True)
class Column:
    """One bar: its name below, and how much of each kind; kinds stand upon each other."""

    label: str
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """Of all kinds."""
        return sum(number for _, number in self.parts)


@dataclass(frozen=True)
class Point:
    """One place of a line chart; None where nothing was measured."""

    label: str
    values: tuple[float | None, ...]


def columns(bars: Sequence[Column], title: str) -> str:
    """Stacked columns; `title` is what a screen reader says."""
    top = _round_up(max((bar.total for bar in bars), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    drawn = []
    for place, bar in enumerate(bars):
        base = float(HEIGHT - BOTTOM)
        for kind, number in bar.parts:
            tall = max(number / top * (HEIGHT - TOP - BOTTOM), 1.0) if number else 0.0  # the rarest is seen too
            if tall:
                x, wide = LEFT + place * step + step * 0.15, step * 0.7
                told = escape(f"{bar.label}: {number:,} {kind}")
                box = f'x="{x:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="1"'
                drawn.append(f'<rect class="{escape(kind)}" {box}><title>{told}</title></rect>')
            base -= tall
    labels = _labels([bar.label for bar in bars], step)
    return _svg(title, _grid(top, lambda value: f"{value:,.0f}") + "".join(drawn) + labels)


def lines(points: Sequence[Point], kinds: Sequence[str], title: str) -> str:
    """One line for each kind, in seconds; a gap where nothing was measured."""
    known = [value for point in points for value in point.values if value is not None]
    top = _round_up(max(known, default=0.0))
    step = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
    drawn = []
    for number, kind in enumerate(kinds):
        pieces: list[str] = []
        is_drawing = False
        for place, point in enumerate(points):
            value = point.values[number]
            if value is not None:
                x, y = LEFT + (place + 0.5) * step, HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)
                pieces.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
                if number == 0:
                    told = escape(f"{point.label}: {value:.2f} s")
                    drawn.append(
                        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{told}</title></circle>'
                    )
            is_drawing = value is not None
        drawn.append(f'<path class="{escape(kind)}" d="{" ".join(pieces)}"/>')
    labels = _labels([point.label for point in points], step)
    return _svg(title, _grid(top, lambda value: f"{value:g} s") + "".join(drawn) + labels)


def _svg(title: str, inside: str) -> str:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
    return f'{head} preserveAspectRatio="xMidYMid meet">{inside}</svg>'


def _grid(top: float, told: Callable[[float], str]) -> str:
    marks = []
    for part in (0.0, 0.5, 1.0):
        y = HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
        line = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        marks.append(f'{line}<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(told(top * part))}</text>')
    return "".join(marks)


def _labels(labels: Sequence[str], step: float) -> str:
    every = ceil(len(labels) / MOST_LABELS) or 1
    return "".join(
        f'<text x="{LEFT + (place + 0.5) * step:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(label)}</text>'
        for place, label in enumerate(labels)
        if place % every == 0
    )


def _round_up(value: float) -> float:
    """To 2, 4, 5 or 10 of its power of ten, so that the middle of the scale is a plain number too."""
    if value <= 0:
        return 2.0
    power: float = 10.0 ** int(log10(value)) if value >= 1 else 10.0 ** (int(log10(value)) - 1)
    return next(step * power for step in (1, 2, 4, 5, 10, 20) if step * power >= value)
