"""Rules that leave a video, or some of its tracks, alone; each gives its reason.

`gather` reads what the rules go by; the rules and `decide` are pure functions of it, so that a
worker and ``canary-subs why`` come to the same decision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from canary_subs.config.schema import MEDIA_ENDINGS, SkipRules
from canary_subs.errors import CanarySubsError
from canary_subs.formats import reading
from canary_subs.formats.filename import parse_name
from canary_subs.media.tracks import choose
from canary_subs.model import ORIGINAL, MediaInfo, Plan, Skip, SubtitleTrack, Track, TrackKind
from canary_subs.pipeline.existing import Existing, existing_outputs
from canary_subs.plugin.manager import Plugins

#: Suffixes of subtitle files that players read, and no reader of ours.
_UNREADABLE = frozenset({".sub", ".sup", ".smi", ".stl", ".scc", ".mks"})


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that the rules go by."""

    media: MediaInfo
    plan: Plan
    rules: SkipRules
    #: The spoken language; None if only recognition finds it.
    spoken: str | None
    #: Target -> the track that it means; None if that depends on the spoken language.
    tracks: Mapping[Track, Track | None]
    #: Names of the subtitle files beside the video.
    beside: tuple[str, ...]
    #: The outputs of the plan, and which of them exist.
    existing: Existing
    #: Results that exist and that we did not make, or that somebody edited.
    foreign: frozenset[str]
    #: Whether existing results are to be replaced.
    redo: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SkipFinding:
    """Why a video, or one of its targets, needs no work."""

    rule: str
    reason: str
    #: None: the whole video.
    target: Track | None = None


def gather(
    media: MediaInfo,
    plan: Plan,
    rules: SkipRules,
    plugins: Plugins,
    *,
    is_ours: Callable[[Path], bool],
    redo: bool = False,
) -> Facts:
    """Read what the rules go by.

    ``is_ours``: whether a file is a result of ours that nobody changed. Raises `CanarySubsError`
    if results are to be replaced and a delivery cannot say which exist.
    """
    spoken = spoken_before_recognition(media, plan)
    tracks = {target: _track(target, spoken) for target in plan.targets}
    kept = replace(plan, context=replace(plan.context, overwrite=False)) if redo else plan
    known = tuple(dict.fromkeys(track for track in tracks.values() if track is not None))
    existing = existing_outputs(media, kept, known, plugins)
    if redo and existing.failures:
        raise existing.failures[0]
    places = [output.place for output in existing.outputs if output.place is not None]
    return Facts(
        media=media,
        plan=plan,
        rules=rules,
        spoken=spoken,
        tracks=tracks,
        beside=_subtitles_beside(media.path, _UNREADABLE | reading.suffixes(plugins)),
        existing=existing,
        foreign=frozenset(place for place in places if not is_ours(Path(place))),
        redo=redo,
    )


def findings(facts: Facts) -> tuple[SkipFinding, ...]:
    """Apply every rule; findings about the whole video come first."""
    return tuple(finding for rule in _RULES for finding in rule(facts))


def decide(facts: Facts, found: Sequence[SkipFinding]) -> Plan | Skip:
    """Return the plan without the targets that need no work, or why there is nothing to do."""
    for finding in found:
        if finding.target is None:
            return Skip(rule=finding.rule, reason=finding.reason)
    left_out = {finding.target for finding in found}
    targets = tuple(target for target in facts.plan.targets if target not in left_out)
    if not targets:
        # For each target the first rule counts.
        first = {finding.target: finding for finding in reversed(found)}
        reasons = [first[target] for target in facts.plan.targets]
        return Skip(
            rule=reasons[0].rule,
            reason="; ".join(dict.fromkeys(finding.reason for finding in reasons)),
        )
    context = replace(facts.plan.context, overwrite=True) if facts.redo else facts.plan.context
    return replace(facts.plan, targets=targets, context=context)


# The rules.


def _too_short(facts: Facts) -> Iterator[SkipFinding]:
    seconds, limit_s = facts.media.duration_ms / 1000, facts.rules.min_duration_s
    if seconds < limit_s:
        reason = f"{seconds:g} s long; [skip] min_duration_s is {limit_s:g}"
        yield SkipFinding(rule="too-short", reason=reason)


def _too_long(facts: Facts) -> Iterator[SkipFinding]:
    seconds, limit_s = facts.media.duration_ms / 1000, facts.rules.max_duration_s
    if seconds > limit_s:
        reason = f"{seconds / 3600:.1f} h long; [skip] max_duration_s is {limit_s:g}"
        yield SkipFinding(rule="too-long", reason=reason)


def _spoken_language(facts: Facts) -> Iterator[SkipFinding]:
    spoken = facts.spoken
    if spoken is not None and any(_alike(spoken, tag) for tag in facts.rules.spoken):
        reason = f"the spoken language is {spoken!r}, which [skip] spoken lists"
        yield SkipFinding(rule="spoken", reason=reason)


def _embedded(facts: Facts) -> Iterator[SkipFinding]:
    """A text track inside the video serves as a track of one language."""
    if not facts.rules.embedded:
        return
    for target, track in _single_tracks(facts):
        for inside in facts.media.subtitles:
            same = inside.language is not None and _alike(inside.language, track.language)
            if same and _serves(track.kind, _kind_of(inside)) and not inside.image:
                reason = (
                    f"it carries a text track in {str(track)!r} (subtitle track {inside.index})"
                )
                yield SkipFinding(rule="embedded", reason=reason, target=target)
                break


def _sidecar(facts: Facts) -> Iterator[SkipFinding]:
    """A subtitle file beside the video serves as a track of one language.

    Files that the plan itself would write do not count: `pipeline.existing` decides on each.
    """
    if not facts.rules.sidecar or facts.redo or facts.plan.context.overwrite:
        return
    own = {output.place for output in facts.existing.outputs}
    folder = facts.media.path.parent
    names = [name for name in facts.beside if str(folder / name) not in own]
    for target, track in _single_tracks(facts):
        for name in names:
            named = parse_name(name, facts.media.path.stem)
            if named is None or named.language is None or not _serves(track.kind, named.kind):
                continue
            if named.title:  # more likely another video's name than a title
                continue
            if _alike(named.language, track.language):
                reason = f"{name} is there in {str(track)!r}"
                yield SkipFinding(rule="sidecar", reason=reason, target=target)
                break


def _edited(facts: Facts) -> Iterator[SkipFinding]:
    """A result that somebody edited is not replaced."""
    if not facts.redo:
        return
    for target, track in facts.tracks.items():
        for output in facts.existing.outputs:
            if output.track == track and output.place in facts.foreign:
                reason = f"{Path(output.place).name} was not made by us, or changed since"
                yield SkipFinding(rule="edited", reason=reason, target=target)
                break


_RULES: tuple[Callable[[Facts], Iterable[SkipFinding]], ...] = (
    _too_short, _too_long, _spoken_language, _embedded, _sidecar, _edited
)  # fmt: skip


def _single_tracks(facts: Facts) -> Iterator[tuple[Track, Track]]:
    """Yield (target, track) of targets in one language; both languages of others are needed."""
    for target, track in facts.tracks.items():
        if track is not None and not track.is_bilingual:
            yield target, track


def _track(target: Track, spoken: str | None) -> Track | None:
    if ORIGINAL not in target.languages:
        return target
    return None if spoken is None else target.resolved(spoken)


def spoken_before_recognition(media: MediaInfo, plan: Plan) -> str | None:
    """Return the spoken language, by the plan or the audio track's tag; None if neither has it."""
    if plan.spoken is not None:
        return plan.spoken
    try:
        return choose(media, language=None, index=plan.audio_track).track.language
    except CanarySubsError:
        return None


def _kind_of(inside: SubtitleTrack) -> TrackKind:
    if inside.forced:
        return TrackKind.FORCED
    return TrackKind.SDH if inside.hearing_impaired else TrackKind.FULL


def _serves(needed: TrackKind, kind: TrackKind) -> bool:
    """Whether a track of one kind serves as another: SDH contains all lines of a full one."""
    return kind is needed or (needed is TrackKind.FULL and kind is TrackKind.SDH)


def _subtitles_beside(video: Path, suffixes: frozenset[str]) -> tuple[str, ...]:
    """The subtitle files that no other video of the folder has a better claim to."""
    try:
        names = sorted(entry.name for entry in os.scandir(video.parent))
    except OSError:
        return ()
    others = {
        stem
        for name in names
        if (stem := Path(name).stem).startswith(f"{video.stem}.")
        and Path(name).suffix.lower().lstrip(".") in MEDIA_ENDINGS
    }
    return tuple(
        name
        for name in names
        if Path(name).suffix.lower() in suffixes
        and name.startswith(f"{video.stem}.")
        and not any(name.startswith(f"{other}.") for other in others)
    )


def _alike(tag: str, language: str) -> bool:
    """Whether two tags name one language; "pt" and "pt-BR" do, "pt-PT" and "pt-BR" do not."""
    import langcodes

    try:
        one, other = (langcodes.Language.get(text, normalize=True) for text in (tag, language))
    except ValueError:
        return False
    if one.language != other.language:
        return False
    return not one.territory or not other.territory or one.territory == other.territory
