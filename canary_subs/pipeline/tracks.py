"""Subtitle tracks: laid out from transcripts, put together, and labelled with sounds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from canary_subs.cues.bilingual import bilingual
from canary_subs.cues.profiles import profile_for
from canary_subs.cues.sdh import add_labels
from canary_subs.errors import DamagedMedia
from canary_subs.media.shots import shots_ms
from canary_subs.model import Cue, Document, MediaInfo, Plan, Sound, Track, TrackKind, Transcript
from canary_subs.pipeline.recognition import Recognition
from canary_subs.pipeline.word_times import with_words
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Layout, LayoutRequest
from canary_subs.plugin.manager import Plugins

log = logging.getLogger(__name__)


def shots_of(media: MediaInfo, plan: Plan) -> tuple[int, ...]:
    """The shot changes, if the plan asks for them; a picture that cannot be read has none."""
    if not plan.shots:
        return ()
    try:
        return shots_ms(media)
    except DamagedMedia as error:
        log.warning("%s; its cues keep to no shot changes", error)
        return ()


def lay_out(
    transcript: Transcript,
    plan: Plan,
    plugins: Plugins,
    media: MediaInfo,
    *,
    shots: Sequence[int] = (),
    template: Sequence[Cue] | None = None,
) -> tuple[Cue, ...]:
    """Words to cues, by the plan's layout and profile, on the template's times if there is one."""
    layout: Layout = plugins.use("layout", plan.layout, plan.context)
    utterances = tuple(map(with_words, transcript.utterances))
    request = LayoutRequest(
        transcript=replace(transcript, utterances=utterances),
        profile=profile_for(plan.profile, transcript.language, plan.own_profiles),
        frame_rate=media.frame_rate,
        shots_ms=shots,
        template=template,
    )
    cues = tuple(each(layout.layout, layout.layout(request), Cue))
    for cue in cues:
        if not isinstance(cue.lines, tuple) or not all(isinstance(line, str) for line in cue.lines):
            raise misbehaved(
                layout.layout, f"the lines of a Cue are a tuple of texts, not {shown(cue.lines)}"
            )
    return cues


class TrackBuilder:
    """Makes the tracks of one video from its transcripts; each transcript is laid out once."""

    def __init__(
        self,
        media: MediaInfo,
        plan: Plan,
        recognition: Recognition,
        provenance: Mapping[str, str],
        plugins: Plugins,
        *,
        model: str,
        sounds: Sequence[Sound] = (),
        shots: Sequence[int] = (),
    ) -> None:
        self._media = media
        self._plan = plan
        self._recognition = recognition
        self._provenance = provenance
        self._plugins = plugins
        self._model = model
        self._sounds = sounds
        self._shots = shots
        self._laid_out: dict[tuple[Track, bool], Document] = {}

    def build(self, track: Track) -> Document:
        """The track with its cues. Raises `PluginError`."""
        match track.kind:
            case TrackKind.FORCED:
                return self._document(track)
            case TrackKind.SDH:
                return self._with_sounds(self.build(Track(track.languages)))
        upper, *lower = (Track((language,)) for language in track.languages)
        spoken = Track((self._recognition.spoken,))
        shared = bool(lower) or self._plan.shared_timing
        template = self._document(spoken).cues if shared else None
        document = self._document(upper, template)
        for other in lower:
            document = self._join(document, self._document(other, template))
        return document

    def _document(self, name: Track, template: Sequence[Cue] | None = None) -> Document:
        """A transcript as a track of its own."""
        spoken = self._recognition.spoken
        # The spoken language's own cues are the template.
        key = (name, template is not None and name.language != spoken)
        if key not in self._laid_out:
            transcript = Transcript(
                language=name.language,
                spoken=spoken,
                engine=self._plan.engine.name,
                model=self._model,
                utterances=tuple(
                    found[name] for _, found in self._recognition.found if found[name].text
                ),
            )
            cues = lay_out(
                transcript,
                self._plan,
                self._plugins,
                self._media,
                shots=self._shots,
                template=template if key[1] else None,
            )
            self._laid_out[key] = Document(
                media=self._media,
                track=name,
                transcript=transcript,
                cues=cues,
                provenance=self._provenance,
            )
        return self._laid_out[key]

    def _join(self, upper: Document, lower: Document) -> Document:
        """One track with the lines of both, one language above the other."""
        cues = bilingual(
            upper.cues,
            lower.cues,
            lower_language=lower.language,
            profile=profile_for(self._plan.profile, lower.language, self._plan.own_profiles),
        )
        return replace(upper, cues=cues, track=Track((upper.language, lower.language)))

    def _with_sounds(self, document: Document) -> Document:
        """The track with labels of sounds between its cues (SDH)."""
        plan = self._plan
        cues = add_labels(
            document.cues,
            self._sounds,
            language=document.language,
            profile=profile_for(plan.profile, document.language, plan.own_profiles),
            frame_rate=document.media.frame_rate,
        )
        by = self._plugins.described("tagger", plan.tagger) if plan.tagger else ""
        return replace(
            document,
            cues=cues,
            provenance={**document.provenance, "sounds": by},
            track=replace(document.track, kind=TrackKind.SDH),
        )
