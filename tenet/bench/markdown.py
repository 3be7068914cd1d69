"""A report of builds as the tables of docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.bench.ratios import TARGETS, share_of_target
from tenet.bench.report import SLOWEST, heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Part = dict[str, Any]


def section(found: dict[str, Any]) -> str:
    """What `report` returned, as Markdown: machine, costs, ratios, and where the time goes."""
    sizes: dict[str, Part] = found["sizes"]
    origin = "\n".join(f"{line}." for line in heading(found))
    runs = dict.fromkeys(name for part in sizes.values() for name in part["runs"])
    parts = dict.fromkeys(name for part in sizes.values() for name in part["parts"])
    costs = [
        ("daily values", lambda part: f"{part['household']['daily_values']:,}"),
        *((name, _cost(name)) for name in runs),
        ("file, MB", lambda part: f"{part['household']['file_bytes']['published'] / 1e6:.0f}"),
        ("raw, MB", lambda part: f"{part['household']['file_bytes']['raw'] / 1e6:.1f}"),
    ]
    ratios = [(name, _ratio(name)) for name in TARGETS]
    shares = [(name, _share(name)) for name in parts]
    return "\n\n".join(
        [
            origin,
            "Least wall seconds / least CPU seconds / largest peak in MB of whole processes:",
            _table(sizes, costs),
            "Ratios, with their targets; **bold** is what misses one:",
            _table(sizes, ratios),
            "Seconds of the models by what they are for, and the slowest of them:",
            _table(sizes, [*shares, ("slowest models", _slowest)]),
        ]
    )


def _table(sizes: dict[str, Part], rows: Iterable[tuple[str, Callable[[Part], str]]]) -> str:
    lines = [f"| | {' | '.join(sizes)} |", "|---" * (len(sizes) + 1) + "|"]
    for name, told in rows:
        cells = [told(part) for part in sizes.values()]
        if any(cells):
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cost(name: str) -> Callable[[Part], str]:
    def told(part: Part) -> str:
        if not (run := part["runs"].get(name)):
            return ""
        return f"{run['wall']:.2f} / {run['cpu']:.2f} / {run['peak'] / 1e6:.0f}"

    return told


def _ratio(name: str) -> Callable[[Part], str]:
    def told(part: Part) -> str:
        if not (ratio := part["ratios"].get(name)):
            return ""
        value, target = ratio["value"], ratio["target"]
        text = f"{value:.0f}" if value >= 100 else f"{value:.2f}"
        if target is None:
            return text
        is_missed = share_of_target(value, target) > 1
        return f"**{text}** ({target})" if is_missed else f"{text} ({target})"

    return told


def _share(name: str) -> Callable[[Part], str]:
    return lambda part: f"{part['parts'][name]:.2f}"


def _slowest(part: Part) -> str:
    listed = list(part["seconds"].items())[:SLOWEST]
    return "<br>".join(f"`{name}` {seconds:.2f}" for name, seconds in listed)
