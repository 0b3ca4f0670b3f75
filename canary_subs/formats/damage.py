"""What a reader gathers from a file: cues, and a note on each place that it cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field

from canary_subs.model import Cue, Damage, Subtitles


@dataclass(kw_only=True, slots=True)
class Gathered:
    """The cues and the damage that were found so far."""

    cues: list[Cue] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)

    def lost(self, line: int | None, what: str) -> None:
        """Note that something could not be read, in line ``line`` (from 1) if that is known."""
        self.damage.append(Damage(line=line, what=what))

    def sort(self) -> None:
        """Bring the cues into the order of their starts."""
        self.cues.sort(key=lambda cue: cue.start_ms)

    def subtitles(self, language: str | None = None) -> Subtitles:
        """What was gathered, as a reader gives it."""
        return Subtitles(cues=tuple(self.cues), language=language, damage=tuple(self.damage))
