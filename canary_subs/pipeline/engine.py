"""The engine of one plan: its pairs, its model, and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from numbers import Real

from canary_subs.errors import CanarySubsError, PluginUnusable, UnsupportedPair
from canary_subs.model import (
    AudioClip,
    Choice,
    Context,
    ModelCard,
    Plan,
    Request,
    Span,
    Utterance,
    Word,
    primary,
)
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Engine, Session
from canary_subs.plugin.manager import Plugins

log = logging.getLogger(__name__)

#: How far outside its segment a word may lie. Times that count from the segment's start lie further
#: away, in all segments but the first.
_EDGE_MS = 1_000


class PlanEngine:
    """The engine that a plan names, with the options of the plan."""

    def __init__(self, plan: Plan, plugins: Plugins) -> None:
        self._choice = plan.engine
        self._context = plan.context
        self._plugins = plugins
        #: The options that go with each request.
        self.request_options: object = plugins.request_options("engine", plan.engine)

    @cached_property
    def _engine(self) -> Engine:
        return engine_of(self._choice, self._context, self._plugins)

    @property
    def card(self) -> ModelCard | None:
        """What the engine says about its model before it is loaded."""
        return next(iter(_cards(self._engine)), None)

    @property
    def session(self) -> Session:
        """The loaded model; loads it at first use. Raises `ModelError`."""
        _ = self._engine
        return self._plugins.session(self._choice, self._context)

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs (spoken, target) that it knows, by primary subtag."""
        pairs = frozenset(each(self._engine.pairs, self._engine.pairs(), tuple))
        if not all(len(pair) == 2 for pair in pairs):
            raise misbehaved(self._engine.pairs, "pairs must give (spoken, target)")
        return pairs

    @property
    def spoken_languages(self) -> tuple[str, ...]:
        """The languages that it recognises."""
        return tuple(sorted({spoken for spoken, _ in self.pairs}))

    def can(self, spoken: str, target: str) -> bool:
        """Whether it goes from one language to the other."""
        return (primary(spoken), primary(target)) in self.pairs

    def require(self, spoken: str, target: str) -> None:
        """Raise `UnsupportedPair`, naming a model that can, where it cannot do this pair."""
        if self.can(spoken, target):
            return
        name = next((card.name for card in _cards(self._engine)), self._choice.name)
        what = f"transcribe {spoken}" if spoken == target else f"go from {spoken} to {target}"
        raise UnsupportedPair(f"{name} cannot {what}; {self._advice(spoken, target)}")

    def _advice(self, spoken: str, target: str) -> str:
        pair = (primary(spoken), primary(target))
        for engine, card in models(self._plugins, first=self._choice.name):
            if pair in card.pairs:
                return f"use --model {name_of(engine, card, self._choice.name)}"
        reachable = sorted(target for source, target in self.pairs if source == pair[0])
        if reachable:
            return f"from {spoken} it writes {', '.join(reachable)}"
        return f"it recognises {', '.join(self.spoken_languages)}"

    def identify(
        self, clips: Sequence[AudioClip], candidates: Iterable[str]
    ) -> Mapping[str, float]:
        """How probable each candidate is as the spoken language of the clips."""
        session = self.session
        found: object = session.identify(clips, tuple(candidates))
        if not isinstance(found, Mapping):
            raise misbehaved(session.identify, f"identify must give a mapping, not {shown(found)}")
        if not all(isinstance(share, Real) for share in found.values()):
            raise misbehaved(session.identify, f"identify must give shares, not {shown(found)}")
        return found

    def recognise(self, requests: Sequence[Request]) -> Sequence[Sequence[Utterance]]:
        """One utterance for each target of each request, checked to be that."""
        if not requests:
            return ()
        session = self.session
        recognise = session.recognise
        found = [
            tuple(each(recognise, utterances, Utterance))
            for utterances in each(recognise, recognise(requests), Sequence)  # type: ignore[type-abstract]
        ]
        asked = [request.targets for request in requests]
        given = [tuple(utterance.language for utterance in utterances) for utterances in found]
        if given != asked:
            raise misbehaved(recognise, f"asked for {shown(asked, 80)}, it gave {shown(given, 80)}")
        for request, utterances in zip(requests, found, strict=True):
            for utterance in utterances:
                if (wrong := _wrong_with(utterance, request.clip.span)) is not None:
                    raise misbehaved(recognise, wrong)
        return found


def _wrong_with(utterance: Utterance, segment: Span) -> str | None:
    """What is wrong with the types and the times of an utterance; None if nothing is."""
    words: object = utterance.words
    if not (
        isinstance(utterance.text, str)
        and isinstance(utterance.span, Span)
        and isinstance(words, Sequence)
        and all(
            isinstance(word, Word)
            and isinstance(word.text, str)
            and isinstance(word.start_ms, int)
            and isinstance(word.end_ms, int)
            for word in words
        )
    ):
        return (
            "an utterance has a text, a span, and Words with whole milliseconds, not "
            f"{shown(utterance, 100)}"
        )
    for word in utterance.words:
        if word.end_ms < segment.start_ms - _EDGE_MS or word.start_ms > segment.end_ms + _EDGE_MS:
            return (
                f"the word {word.text!r:.40} at {word.start_ms} ms lies outside its segment, "
                f"{segment.start_ms} to {segment.end_ms} ms of the video"
            )
    return None


def _cards(engine: Engine) -> tuple[ModelCard, ...]:
    """What an engine says about its models."""
    return tuple(each(engine.models, engine.models(), ModelCard))


def engine_of(choice: Choice, context: Context, plugins: Plugins) -> Engine:
    """The engine of a choice, its model's name checked and nothing loaded.

    Raises `UnknownName`, `ModelError`, and `PluginUnusable` where the context asks for models
    for commercial use and the licence forbids it, or is not known.
    """
    engine: Engine = plugins.use("engine", choice, context)
    if not context.commercial:
        return engine
    card = next(iter(_cards(engine)), None)
    if card is not None and card.commercial:
        return engine
    if card is None:
        reason = f"the engine {choice.name} does not state the licence of its model"
    else:
        reason = f"the licence of {card.name} ({card.licence}) does not allow commercial use"
    known = models(plugins, first=choice.name)
    free = [name_of(owner, other, choice.name) for owner, other in known if other.commercial]
    raise PluginUnusable(f"{reason}; these do: {', '.join(free)}" if free else reason)


def name_of(engine: str, card: ModelCard, chosen: str) -> str:
    """What ``--model`` takes for a model, where ``chosen`` is the engine that is set."""
    return card.name if engine == chosen else f"{engine}:{card.name}"


def models(plugins: Plugins, *, first: str | None = None) -> Iterable[tuple[str, ModelCard]]:
    """(engine, card) of every model of every installed engine; those of ``first`` come first.

    An engine that cannot be made as things stand is left out.
    """
    names = [entry.provider.name for entry in plugins.providers("engine")]
    for name in sorted(dict.fromkeys(names), key=lambda name: name != first):
        try:
            engine: Engine = plugins.use("engine", plugins.choice("engine", name))
            cards = _cards(engine)
        except CanarySubsError as error:
            log.info("the engine %s is not asked for its models: %s", name, error)
            continue
        yield from ((name, card) for card in cards)
