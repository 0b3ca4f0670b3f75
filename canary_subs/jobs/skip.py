"""Which films, and which of their languages, are left alone; each rule with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from canary_subs.config.schema import Config
from canary_subs.errors import CanarySubsError
from canary_subs.formats import reading
from canary_subs.formats.filename import parse_name
from canary_subs.model import ORIGINAL, MediaInfo, Plan, Skip, SubtitleTrack, Track, TrackKind
from canary_subs.pipeline.existing import find, suffix_of
from canary_subs.plugin.manager import Plugins

#: Suffixes of subtitle files that no reader reads, but players do.
_UNREADABLE = frozenset({".sub", ".sup", ".smi", ".stl", ".scc", ".mks"})


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The rules, as the configuration of one film sets them."""

    config: Config
    plugins: Plugins
    #: Whether a file is a result of ours that nobody changed.
    ours: Callable[[Path], bool]
    #: Old results of ours are to be replaced.
    renewing: bool = False

    def decide(self, media: MediaInfo, plan: Plan) -> Plan | Skip:
        """The plan with the languages that are wanting, or why there is nothing to do."""
        for rule in (self.too_short, self.too_long, self.spoken_elsewhere):
            if (skip := rule(media, plan)) is not None:
                return skip
        wanted, reasons = [], []
        for target in plan.targets:
            track = _track(media, plan, target)
            skip = self.has(media, plan, track) if track is not None else None
            if skip is None:
                wanted.append(target)
            else:
                reasons.append(skip)
        if not wanted:
            return Skip(
                rule=reasons[0].rule, reason="; ".join(dict.fromkeys(s.reason for s in reasons))
            )
        context = replace(plan.context, overwrite=True) if self.renewing else plan.context
        return replace(plan, targets=tuple(wanted), context=context)

    def existing(self, media: MediaInfo, plan: Plan) -> tuple[str, ...]:
        """Names of the results of a plan where all of them are there already, else nothing."""
        if self.renewing or self.config.overwrite:
            return ()
        found: list[str] = []
        for target in plan.targets:
            track = _track(media, plan, target)
            places = list(self._results(media, plan, track)) if track is not None else []
            if len(places) < len(plan.writers) * len(plan.deliveries):
                return ()
            found.extend(Path(place).name for place in places)
        return tuple(found)

    # Each rule: (media, plan) -> the Skip that it leads to, or None.

    def too_short(self, media: MediaInfo, plan: Plan) -> Skip | None:
        least_s = self.config.skip.min_duration_s
        if media.duration_ms >= least_s * 1000:
            return None
        seconds = media.duration_ms / 1000
        return Skip(
            rule="too-short",
            reason=f"{seconds:g} s long; [skip] min_duration_s is {least_s:g}",
        )

    def too_long(self, media: MediaInfo, plan: Plan) -> Skip | None:
        most_s = self.config.skip.max_duration_s
        if media.duration_ms <= most_s * 1000:
            return None
        hours = media.duration_ms / 3_600_000
        return Skip(
            rule="too-long",
            reason=f"{hours:.1f} h long; [skip] max_duration_s is {most_s:g}",
        )

    def spoken_elsewhere(self, media: MediaInfo, plan: Plan) -> Skip | None:
        spoken = _spoken(media, plan)
        if spoken is None or not any(_alike(spoken, tag) for tag in self.config.skip.spoken):
            return None
        return Skip(
            rule="spoken", reason=f"its sound is marked {spoken!r}, as [skip] spoken has it"
        )

    def has(self, media: MediaInfo, plan: Plan, track: Track) -> Skip | None:
        """Why nothing has to be made for one track.

        One of two languages is wanted whatever there is in each.
        """
        language = track.language
        below = track.is_bilingual
        if self.config.skip.embedded and not below:
            for there in media.subtitles:
                own = there.language is not None and _alike(there.language, language)
                if own and _serves(track.kind, _kind_of(there)) and not there.image:
                    return Skip(
                        rule="embedded",
                        reason=f"it carries a text track in {str(track)!r} "
                        f"(subtitle track {there.index})",
                    )
        if self.renewing:
            for place in self._results(media, plan, track):
                if not self.ours(Path(place)):
                    return Skip(
                        rule="edited",
                        reason=f"{Path(place).name} was not made by us, or changed since",
                    )
        elif self.config.skip.sidecar and not self.config.overwrite and not below:
            # What would be made by that very name is seen to format by format, later.
            own_names = self._own_names(media, plan)
            suffixes = _UNREADABLE | reading.suffixes(self.plugins)
            for name in _sidecars(media.path, suffixes, language, track.kind):
                if name not in own_names:
                    return Skip(rule="sidecar", reason=f"{name} is there in {str(track)!r}")
        return None

    def _results(self, media: MediaInfo, plan: Plan, track: Track) -> Iterator[str]:
        """Where results already are that would be kept."""
        kept = replace(plan, context=replace(plan.context, overwrite=False))
        for writer in plan.writers:
            for delivery in plan.deliveries:
                places = find(media, (track,), writer, delivery, kept, self.plugins)
                if (place := places[track]) is not None:
                    yield place

    def _own_names(self, media: MediaInfo, plan: Plan) -> set[str]:
        """What the plan itself would call its results."""
        suffixes = [suffix_of(writer, plan, self.plugins) for writer in plan.writers]
        tracks = (_track(media, plan, target) for target in plan.targets)
        stems = [f"{media.path.stem}.{track}" for track in tracks if track is not None]
        return {stem + suffix for stem in stems for suffix in suffixes}


def _track(media: MediaInfo, plan: Plan, target: Track) -> Track | None:
    """The track that a target means, as far as it is known before recognition."""
    if ORIGINAL not in target.languages:
        return target
    spoken = _spoken(media, plan)
    return None if spoken is None else target.resolved(spoken)


def _spoken(media: MediaInfo, plan: Plan) -> str | None:
    """The language that will be heard, as far as it is known before listening."""
    from canary_subs.media.tracks import choose

    if plan.spoken is not None:
        return plan.spoken
    try:
        return choose(media, language=plan.spoken, index=plan.audio_track).track.language
    except CanarySubsError:
        return None


def _kind_of(there: SubtitleTrack) -> TrackKind:
    """An embedded track's kind."""
    if there.forced:
        return TrackKind.FORCED
    return TrackKind.SDH if there.hearing_impaired else TrackKind.FULL


def _serves(wanted: TrackKind, there: TrackKind) -> bool:
    """Whether a track of one kind serves as another: SDH holds all lines of a full one."""
    return there is wanted or (wanted is TrackKind.FULL and there is TrackKind.SDH)


def _sidecars(video: Path, suffixes: frozenset[str], language: str, kind: TrackKind) -> list[str]:
    """Names of subtitle files beside a video that are in a language and serve as a kind."""
    try:
        names = sorted(entry.name for entry in os.scandir(video.parent))
    except OSError:
        return []
    found = []
    for name in names:
        if Path(name).suffix.lower() not in suffixes:
            continue
        named = parse_name(name, video.stem)
        if named is None or named.language is None or not _alike(named.language, language):
            continue
        if _serves(kind, named.kind):
            found.append(name)
    return found


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
