"""The index of the proof pages of several videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from string import Template

from canary_subs.proof import assets
from canary_subs.time import clock


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackSummary:
    """The state of a track: its number of cues, and how often each rule was broken."""

    language: str
    cues: int
    findings: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexEntry:
    """One video of the index; ``page`` is the path of its proof page relative to the index.

    ``tracks`` is None if there is no report on them.
    """

    name: str
    page: PurePath | None = None
    duration_ms: int | None = None
    tracks: tuple[TrackSummary, ...] | None = None

    @property
    def found(self) -> int:
        """Findings in all tracks."""
        return sum(sum(track.findings.values()) for track in self.tracks or ())


def index(videos: Iterable[IndexEntry], *, title: str = "Proof pages") -> bytes:
    """The HTML file in UTF-8, the videos with most findings first. Pure; it runs no script.

    Raises `ValueError` for a page with an absolute path.
    """
    # A video without a report may have findings: it comes before the clean ones.
    entries = sorted(
        videos, key=lambda video: (-video.found, video.tracks is not None, video.name.casefold())
    )
    style = assets.style("tokens.css", "index.css")
    found = sum(entry.found for entry in entries)
    document = Template(assets.text("index.html")).substitute(
        policy=assets.policy([("style-src", assets.source_hash(style)), ("img-src", "data:")]),
        title=assets.escaped(title),
        style=style,
        summary=f"{_count(len(entries), 'video')}, {_count(found, 'finding')}",
        rows="\n".join(_rows(entry) for entry in entries),
    )
    return document.encode()


def _rows(entry: IndexEntry) -> str:
    """The rows of a video, one per track."""
    tracks = [_track(track) for track in entry.tracks or ()]
    if not tracks:
        why = "no report" if entry.tracks is None else "no track"
        tracks = [f'<td colspan="4" class="soft">{why}</td>']
    video = f'<th scope="rowgroup" rowspan="{len(tracks)}">{_video(entry)}</th>'
    rows = [f"<tr>{video}{tracks[0]}</tr>", *(f"<tr>{track}</tr>" for track in tracks[1:])]
    return f"<tbody>{''.join(rows)}</tbody>"


def _video(entry: IndexEntry) -> str:
    name = f"<bdi>{assets.escaped(entry.name)}</bdi>"
    facts = []
    if entry.duration_ms is not None:
        facts.append(clock(entry.duration_ms).partition(".")[0])
    if entry.page is not None:
        name = f'<a href="{assets.escaped(assets.link(entry.page))}">{name}</a>'
        if (folder := entry.page.parent.as_posix()) != ".":
            facts.append(f"<bdi>{assets.escaped(folder)}</bdi>")
    return f'{name}<span class="facts">{" · ".join(facts)}</span>'


def _track(track: TrackSummary) -> str:
    total = sum(track.findings.values())
    rules = ", ".join(f"{assets.escaped(rule)} {n:,}" for rule, n in track.findings.items())
    state = "clean" if total == 0 else "found"
    return (
        f'<td data-label="Track">{assets.escaped(track.language)}</td>'
        f'<td data-label="Cues" class="number">{track.cues:,}</td>'
        f'<td data-label="Findings" class="number {state}">{total:,}</td>'
        f'<td data-label="Rules" class="rules">{rules or "no findings"}</td>'
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
