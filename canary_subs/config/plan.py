"""From a configuration to the plan of one video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from canary_subs.config.layers import Settings
from canary_subs.config.schema import Config
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import ConfigError
from canary_subs.model import Choice, Context, Plan, Track, TrackKind
from canary_subs.plugin import options
from canary_subs.plugin.hookspecs import Provider
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
            within=root if config.watch.follow_links != "all" else None,
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


def check_providers(settings: Settings, plugins: Plugins) -> None:
    """Check that what is chosen exists and knows the options it is given.

    Raises `UnknownName`, or `ConfigError` with the file and line of the option.
    """
    config = settings.config
    profile_for(config.profile, "en", config.profiles)
    chosen = {
        "engine": (engine_and_model(config, plugins)[0],),
        "segmenter": (config.segmenter,),
        "aligner": (config.aligner,) if config.aligner else (),
        "tagger": (config.tagger,),
        "layout": (config.layout,),
        "format": config.formats,
        "delivery": config.deliveries,
        "service": config.service.run,
    }
    for kind, names in chosen.items():
        for name in names:
            plugins.provider(kind, name)
    for layer in settings.layers:
        for kind, named in cast(Mapping[str, Any], layer.table.get("options", {})).items():
            for name, table in named.items():
                for key, value in table.items():
                    where = layer.where("options", kind, name, key)
                    _check_option(plugins.provider(kind, name).provider, key, value, where)


def _check_option(provider: Provider[Any], key: str, value: object, where: str) -> None:
    tables = filter(None, (provider.options, provider.request_options))
    known = {name: table for table in tables for name in options.kinds(table)}
    if key not in known:
        raise ConfigError(f"{where} knows no {key!r}{options.nearest(key, known)}")
    options.build(known[key], {key: value}, where)
