"""Subtitles from Python: `subtitle` for the whole film, `listen` for cues as they come."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path

from canary_subs import naming
from canary_subs.config import layers as config
from canary_subs.config.schema import Config
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import UsageError
from canary_subs.model import Cue, Plan, Transcript
from canary_subs.pipeline.schedule import Outcome, Passage, Sessions, Task, follow
from canary_subs.plugin import manager
from canary_subs.plugin.manager import Plugins

_DEFAULT = Config()


def subtitle(
    path: str | PathLike[str],
    *,
    to: str | Sequence[str] = _DEFAULT.targets,
    source: str | None = None,
    model: str = _DEFAULT.model,
    sound_model: str = _DEFAULT.sound_model,
    profile: str = _DEFAULT.profile,
    track: int | None = None,
    device: str = _DEFAULT.device,
    precision: str = _DEFAULT.precision,
) -> dict[str, tuple[Cue, ...]]:
    """The cues of a film in each language: {"en": (Cue(...), ...), "de": ...}.

    ``to`` names the tracks to write: languages (BCP-47; "original" is the one that is spoken),
    "de+en" for two in one, "en.forced" for what is spoken in other languages, "en.sdh" with sounds
    told too (named by ``sound_model``). ``source`` is what is spoken: without it the file's mark
    or the sound decides. ``track`` counts sound tracks from 0. Cues rise, do not overlap, and keep
    the reading rules of ``profile``. Nothing is written anywhere, and the user's configuration is
    not read; installed plugins are.

    Empty where nobody speaks. Raises `canary_subs.errors.CanarySubsError`: `MediaError` for the
    file, `LanguageUnsure`, `UnsupportedPair`, `ModelError`, `UsageError` for an argument.
    """
    plugins = manager.load()
    plan = _plan(plugins, to, source, model, sound_model, profile, track, device, precision)
    with closing(_follow(path, plan, plugins)) as events:
        for event in events:
            if isinstance(event, Outcome):
                return {document.track: document.cues for document in event.documents}
    return {}


def listen(
    path: str | PathLike[str],
    *,
    to: str | Sequence[str] = _DEFAULT.targets,
    source: str | None = None,
    model: str = _DEFAULT.model,
    profile: str = _DEFAULT.profile,
    track: int | None = None,
    device: str = _DEFAULT.device,
    precision: str = _DEFAULT.precision,
) -> Iterator[tuple[str, Cue]]:
    """(track's name, cue) while the film is being heard; arguments and errors as for `subtitle`,
    but no track tells of sounds.

    Each passage of speech is laid out by itself: where one ends, a cue may differ from what
    `subtitle` gives, which sees the whole film. Cues of one language come in order. Closing the
    iterator ends the work.
    """
    plugins = manager.load()
    plan = _plan(
        plugins, to, source, model, _DEFAULT.sound_model, profile, track, device, precision
    )
    if sdh := next(filter(naming.is_sdh, plan.targets), None):
        raise UsageError(f"to: the sounds of {sdh!r} are known at the end only; use subtitle")
    layout = plugins.make("layout", plan.layout)
    with closing(_follow(path, plan, plugins)) as events:
        for event in events:
            if isinstance(event, Outcome):
                return
            for name, utterance in event.utterances.items():
                transcript = Transcript(
                    language=utterance.language,
                    source_language=event.spoken,
                    engine=plan.engine.name,
                    model=model,
                    utterances=(utterance,) if utterance.text else (),
                )
                rules = profile_for(plan.profile, utterance.language)
                for cue in layout.layout(transcript, rules, frame_rate=event.media.frame_rate):
                    yield name, cue


def _plan(
    plugins: Plugins,
    to: str | Sequence[str],
    source: str | None,
    model: str,
    sound_model: str,
    profile: str,
    track: int | None,
    device: str,
    precision: str,
) -> Plan:
    targets = (to,) if isinstance(to, str) else tuple(to)
    if not targets:
        raise UsageError("to: name at least one language, or 'original'")
    chosen = Config(
        targets=tuple(config.target(target, "to") for target in targets),
        source=None if source is None else config.language(source, "source"),
        model=model,
        sound_model=sound_model,
        profile=profile,
        track=track,
        device=device,
        precision=precision,
        formats=(),
        deliveries=(),
    )
    profile_for(profile, "en")  # an unknown one is refused before anything is heard
    return config.plan(chosen, plugins)


def _follow(
    path: str | PathLike[str], plan: Plan, plugins: Plugins
) -> Generator[Passage | Outcome, None, None]:
    """What happens to one film; its failure is raised."""
    task = Task(path=Path(path), plan=plan)
    sessions = Sessions(plugins)
    sessions.engine(plan)  # a model that is not there is told of before the film is opened
    try:
        with closing(follow([task], plugins, sessions)) as events:
            for event in events:
                if isinstance(event, Outcome) and event.errors:
                    raise event.errors[0]
                yield event
    finally:
        sessions.close()
