"""Sound labels between the cues of a track: subtitles for the deaf and hard of hearing (SDH).

By the usual guidelines (Netflix, DCMP), a label is in brackets and the present tense, is shown
while nobody speaks, from the start of the sound, for at least one second and at most three, however
long the sound lasts, and is not repeated while the sound continues or if it soon returns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from canary_subs.cues.layout import break_lines
from canary_subs.cues.limits import close_gap_ms, min_gap_ms
from canary_subs.cues.sound_labels import labels, languages
from canary_subs.cues.width import characters
from canary_subs.model import Cue, Profile, Sound, primary

#: Every kind of sound; each language has a label for each of them.
KINDS = frozenset(
    """
    music singing applause cheering laughter crying baby scream cough sneeze snoring footsteps crowd
    children dog cat horse cow sheep rooster birds insects wind thunder rain water waves fire car
    horn tires motorcycle train airplane helicopter engine siren door doorbell knocking typing
    telephone alarm beeping whistle clock hammering drill explosion gunshots fireworks glass splash
    bell
    """.split()
)

#: How long a label is shown.
MIN_MS, MAX_MS = 1_000, 3_000
#: A sound that returns sooner than this after its end gets no second label.
AGAIN_MS = 10_000


def has_labels(language: str) -> bool:
    """Whether there are sound labels in the language (BCP-47)."""
    return primary(language) in languages()


def add_labels(
    cues: Sequence[Cue],
    sounds: Sequence[Sound],
    *,
    language: str,
    profile: Profile,
    frame_rate: Fraction | None = None,
) -> tuple[Cue, ...]:
    """``cues`` with a label for each of the ``sounds`` (rising) that fits between them.

    Cues of speech are unchanged, except for gaps that the profile closes. No labels are added in a
    language that has none (`has_labels`).
    """
    words = labels(primary(language))
    gap_ms = min_gap_ms(profile, frame_rate)
    close_ms = close_gap_ms(profile, frame_rate)
    max_ms = min(MAX_MS, profile.max_duration_ms)
    track = list(cues)
    labelled_to_ms: dict[str, int] = {}
    for sound in sounds:
        if sound.kind not in words:
            continue
        last_ms = labelled_to_ms.get(sound.kind)
        if last_ms is not None and sound.start_ms - last_ms < AGAIN_MS:
            labelled_to_ms[sound.kind] = max(last_ms, sound.end_ms)
            continue
        text = f"[{words[sound.kind]}]"
        place = bisect_right(track, sound.start_ms, key=lambda cue: cue.start_ms)
        before = track[place - 1] if place else None
        after = track[place] if place < len(track) else None
        start_ms = max(sound.start_ms, before.end_ms + gap_ms if before else 0)
        reading_ms = ceil(characters(text) * 1000 / profile.max_cps)
        min_ms = max(MIN_MS, profile.min_duration_ms, reading_ms)
        end_ms = start_ms + max(min_ms, min(sound.end_ms - start_ms, max_ms))
        if after is not None:
            end_ms = min(end_ms, after.start_ms - gap_ms)
        if start_ms >= sound.end_ms or end_ms - start_ms < min_ms:
            continue
        label = Cue(start_ms=start_ms, end_ms=end_ms, lines=break_lines(text, language, profile))
        if after is not None and after.start_ms - end_ms < close_ms:
            label = _until(label, after.start_ms - gap_ms, profile)
        if before is not None and start_ms - before.end_ms < close_ms:
            track[place - 1] = _until(before, start_ms - gap_ms, profile)
        track.insert(place, label)
        labelled_to_ms[sound.kind] = sound.end_ms
    return tuple(track)


def _until(cue: Cue, end_ms: int, profile: Profile) -> Cue:
    """The cue extended to ``end_ms``, to close a gap; unchanged if that would be too long."""
    if end_ms - cue.start_ms > profile.max_duration_ms:
        return cue
    return replace(cue, end_ms=end_ms)
