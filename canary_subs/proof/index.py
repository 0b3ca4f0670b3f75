"""The page that leads to the proof pages of several films."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from string import Template

from canary_subs.proof import assets
from canary_subs.proof.page import Track
from canary_subs.timing import clock


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackSummary:
    """How a track stands: how many cues it has, and how often each rule was broken."""

    language: str
    cues: int
    findings: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One film of the index; ``page`` is its proof page's path relative to the index."""

    name: str
    page: PurePath
    duration_ms: int
    tracks: tuple[TrackSummary, ...]


def summarise(track: Track) -> TrackSummary:
    """What the index says of a track."""
    rules = Counter(finding.rule for finding in track.findings)
    return TrackSummary(
        language=track.language,
        cues=len(track.cues),
        findings=dict(sorted(rules.items(), key=lambda rule: (-rule[1], rule[0]))),
    )


def index(entries: Sequence[Entry], *, title: str = "Proof pages") -> bytes:
    """The whole HTML file, UTF-8. Pure, and without any script.

    Raises `ValueError` for a page that lies on an absolute path.
    """
    style = assets.style("tokens.css", "index.css")
    found = sum(sum(track.findings.values()) for entry in entries for track in entry.tracks)
    document = Template(assets.text("index.html")).substitute(
        policy=assets.policy([("style-src", assets.source_hash(style)), ("img-src", "data:")]),
        title=assets.escaped(title),
        style=style,
        summary=f"{_count(len(entries), 'film')}, {_count(found, 'finding')}",
        rows="\n".join(_rows(entry) for entry in entries),
    )
    return document.encode()


def _rows(entry: Entry) -> str:
    """A film's rows, one a track."""
    span = max(1, len(entry.tracks))
    film = (
        f'<th scope="rowgroup" rowspan="{span}">'
        f'<a href="{assets.escaped(assets.link(entry.page))}">'
        f"<bdi>{assets.escaped(entry.name)}</bdi></a>"
        f'<span class="length">{clock(entry.duration_ms).partition(".")[0]}</span></th>'
    )
    tracks = [_track(track) for track in entry.tracks] or ['<td colspan="4">no track</td>']
    rows = [f"<tr>{film}{tracks[0]}</tr>", *(f"<tr>{track}</tr>" for track in tracks[1:])]
    return f"<tbody>{''.join(rows)}</tbody>"


def _track(track: TrackSummary) -> str:
    total = sum(track.findings.values())
    rules = ", ".join(f"{assets.escaped(rule)} {n:,}" for rule, n in track.findings.items())
    state = "clean" if total == 0 else "found"
    return (
        f'<td data-label="Track">{assets.escaped(track.language)}</td>'
        f'<td data-label="Cues" class="number">{track.cues:,}</td>'
        f'<td data-label="Findings" class="number {state}">{total:,}</td>'
        f'<td data-label="Rules" class="rules">{rules or "nothing to look at"}</td>'
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
