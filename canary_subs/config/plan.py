"""From a configuration to the plan of one video."""

from __future__ import annotations

from pathlib import Path

from canary_subs.config.schema import Config
from canary_subs.model import Choice, Context, Plan, Track, TrackKind
from canary_subs.plugin.manager import Plugins


def plan(config: Config, plugins: Plugins, *, root: Path | None = None) -> Plan:
    """What the configuration asks for; ``root`` is the watched folder that the video lies in.

    Raises `UnknownName` for a provider that is not installed.
    """

    def choice(kind: str, name: str, model: str | None = None) -> Choice:
        plugins.provider(kind, name)
        options = config.options.get(kind, {}).get(name, {})
        return Choice(name=name, model=model, options=options)

    targets = tuple(Track.parse(name) for name in config.targets)
    kinds = {track.kind for track in targets}
    engine, model = engine_and_model(config, plugins)
    return Plan(
        spoken=config.spoken,
        targets=targets,
        audio_track=config.audio_track,
        engine=choice("engine", engine, model),
        segmenter=choice("segmenter", config.segmenter),
        aligner=choice("aligner", config.aligner) if config.aligner else None,
        tagger=choice("tagger", config.tagger, config.sound_model)
        if TrackKind.SDH in kinds
        else None,
        layout=choice("layout", config.layout),
        profile=config.profile,
        own_profiles=config.profiles,
        glossary=config.glossary,
        review=config.review,
        shots=config.shots,
        shared_timing=config.timing == "shared",
        writers=tuple(choice("format", name) for name in config.formats),
        deliveries=tuple(choice("delivery", name) for name in config.deliveries),
        context=Context(
            device=config.device,
            precision=config.precision,
            commercial=config.commercial,
            out=config.out,
            root=root if config.mirror else None,
            overwrite=config.overwrite,
            short_segments=TrackKind.FORCED in kinds,
        ),
    )


def engine_and_model(config: Config, plugins: Plugins) -> tuple[str, str | None]:
    """The engine's name, and its model's; ``ENGINE:NAME`` as the model names both.

    >>> engine_and_model(Config(model="whisper:large-v3"), plugins)
    ('whisper', 'large-v3')
    """
    if config.model is None:
        return config.engine, None
    engine, colon, name = config.model.partition(":")
    if colon and any(entry.provider.name == engine for entry in plugins.providers("engine")):
        return engine, name or None
    return config.engine, config.model
