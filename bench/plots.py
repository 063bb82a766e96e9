"""Bar charts as SVG, of nothing but the standard library: what bench/report.py draws."""

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

_COLOURS = ("#2f6f9f", "#d98e32", "#5b9a5b", "#9b5fa5")
_WIDTH, _LABEL, _VALUE, _BAR, _GAP = 760, 210, 90, 15, 12


@dataclass
class Chart:
    """Horizontal bars: for each row one bar per series. What has no figure has no bar."""

    title: str
    unit: str
    rows: dict[str, dict[str, float]]  # row -> series -> figure
    logarithmic: bool = False

    @property
    def series(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _length(chart: Chart, value: float, room: float) -> float:
    largest = max(figure for row in chart.rows.values() for figure in row.values())
    if not chart.logarithmic:
        return room * value / largest if largest > 0 else 0
    smallest = min(figure for row in chart.rows.values() for figure in row.values() if figure > 0) / 2
    return room * math.log(max(value, smallest) / smallest) / math.log(largest / smallest)


def draw(chart: Chart, target: Path) -> None:
    """Writes the chart; readable on light and dark pages."""
    room = _WIDTH - _LABEL - _VALUE
    parts, y = [], 62
    for number, name in enumerate(chart.series):
        parts.append(f'<rect x="{_LABEL + number * 130}" y="34" width="11" height="11" fill="{_COLOURS[number % len(_COLOURS)]}"/>'
                     f'<text x="{_LABEL + 16 + number * 130}" y="44">{escape(name)}</text>')  # fmt: skip
    for label, row in chart.rows.items():
        middle = y + len(row) * _BAR / 2 + 4
        parts.append(f'<text x="{_LABEL - 8}" y="{middle:.1f}" text-anchor="end">{escape(label)}</text>')
        for name, value in row.items():
            length = max(_length(chart, value, room), 1)
            colour = _COLOURS[chart.series.index(name) % len(_COLOURS)]
            parts.append(f'<rect x="{_LABEL}" y="{y}" width="{length:.1f}" height="{_BAR - 3}" fill="{colour}"/>'
                         f'<text x="{_LABEL + length + 6:.1f}" y="{y + _BAR - 5}" class="figure">{_figure(value)}</text>')  # fmt: skip
            y += _BAR
        y += _GAP
    scale = ", logarithmic" if chart.logarithmic else ""
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img" aria-label="{escape(chart.title)}">\n'
        "<style>text{font:12px sans-serif;fill:#444}.title{font-size:14px;font-weight:bold}.figure{font-size:11px}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n"
        f'<text x="8" y="20" class="title">{escape(chart.title)} ({escape(chart.unit)}{scale})</text>\n' + "\n".join(parts) + "\n</svg>\n")
