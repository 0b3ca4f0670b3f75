"""The closed language of the demonstration model: parallel sentences in four languages.

A sentence is a template with a choice for each of its slots; it has exactly one wording in each
language, and no two sentences share a wording, so a transcript or a translation is either exactly
right or wrong. About one sentence in ten is held out of training, in every language at once.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from examples.demo_model.words import (
    ADJECTIVES,
    ANIMALS,
    CIRCUMSTANCES,
    CITIES,
    COMPARABLE,
    DAYS,
    DOINGS,
    ENCOUNTERS,
    ERRANDS,
    EVENTS,
    GREETINGS,
    INQUIRIES,
    MODALS,
    MOODS,
    NAMES,
    NEEDS,
    NUMBERS,
    PEOPLE,
    PLACES,
    PRESENT,
    REQUESTS,
    TASTES,
    THINGS,
    TIMES,
    VEHICLES,
    VERBS,
    WEATHERS,
    Adjective,
    Noun,
    Texts,
    de_a,
    de_the,
    es_a,
    es_the,
    es_to,
    fr_a,
    fr_the,
    fr_to,
)

LANGUAGES = ("en", "de", "fr", "es")

#: One sentence in so many is never trained on.
HELD_OUT_ONE_IN = 10

Render = Callable[..., Texts]


@dataclass(frozen=True)
class Template:
    """A pattern of sentences: a name, the choices of each slot, and how choices become wordings."""

    name: str
    slots: tuple[Sequence[Any], ...]
    render: Render = field(repr=False)


@dataclass(frozen=True)
class Sentence:
    """One sentence of the language: a template and the index chosen in each of its slots."""

    template: Template
    choice: tuple[int, ...]

    @cached_property
    def texts(self) -> Texts:
        """Its wording in each language, with capitals and punctuation."""
        slots = zip(self.template.slots, self.choice, strict=True)
        return self.template.render(*(slot[index] for slot, index in slots))

    @cached_property
    def held_out(self) -> bool:
        """Whether training must never see it, in any language."""
        key = f"{self.template.name} {self.choice}".encode()
        return zlib.crc32(key) % HELD_OUT_ONE_IN == 0

    def text(self, language: str) -> str:
        """Its wording in one of LANGUAGES."""
        return self.texts[LANGUAGES.index(language)]


TEMPLATES: list[Template] = []


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]


def template(*slots: Sequence[Any]) -> Callable[[Render], Render]:
    """Register a renderer whose arguments are drawn from these slots."""

    def register(render: Render) -> Render:
        TEMPLATES.append(Template(render.__name__, slots, render))
        return render

    return register


@template(PEOPLE, VERBS, ADJECTIVES, THINGS)
def _somebody_does(who: Noun, verb: Texts, how: Adjective, what: Noun) -> Texts:
    return Texts(
        f"The {who.en} {verb.en} the {how.en} {what.en}.",
        f"{_cap(de_the(who, 'nominative'))} {verb.de} {de_the(what, 'accusative', how)}.",
        f"{_cap(fr_the(who))} {verb.fr} {fr_the(what, how)}.",
        f"{_cap(es_the(who))} {verb.es} {es_the(what, how)}.",
    )


@template(TIMES, PEOPLE, VERBS, THINGS)
def _then_somebody_does(when: Texts, who: Noun, verb: Texts, what: Noun) -> Texts:
    return Texts(
        f"{_cap(when.en)} the {who.en} {verb.en} a {what.en}.".replace(" a apple", " an apple"),
        f"{_cap(when.de)} {verb.de} {de_the(who, 'nominative')} {de_a(what, 'accusative')}.",
        f"{_cap(when.fr)}, {fr_the(who)} {verb.fr} {fr_a(what)}.",
        f"{_cap(when.es)} {es_the(who)} {verb.es} {es_a(what)}.",
    )


@template(ADJECTIVES, THINGS + ANIMALS)
def _where_is(how: Adjective, what: Noun) -> Texts:
    return Texts(
        f"Where is the {how.en} {what.en}?",
        f"Wo ist {de_the(what, 'nominative', how)}?",
        f"Où est {fr_the(what, how)}?",
        f"¿Dónde está {es_the(what, how)}?",
    )


@template(VERBS, ADJECTIVES, THINGS)
def _who_does(verb: Texts, how: Adjective, what: Noun) -> Texts:
    return Texts(
        f"Who {verb.en} the {how.en} {what.en}?",
        f"Wer {verb.de} {de_the(what, 'accusative', how)}?",
        f"Qui {verb.fr} {fr_the(what, how)}?",
        f"¿Quién {verb.es} {es_the(what, how)}?",
    )


@template(PLACES, ADJECTIVES, ANIMALS)
def _there_is(where: Texts, how: Adjective, what: Noun) -> Texts:
    article = "an" if how.en[0] in "aeio" else "a"
    return Texts(
        f"{_cap(where.en)} there is {article} {how.en} {what.en}.",
        f"{_cap(where.de)} ist {de_a(what, 'nominative', how)}.",
        f"{_cap(where.fr)}, il y a {fr_a(what, how)}.",
        f"{_cap(where.es)} hay {es_a(what, how)}.",
    )


@template(NEEDS, NUMBERS, THINGS + ANIMALS)
def _we_have(verb: Texts, count: Texts, what: Noun) -> Texts:
    assert what.plurals is not None
    return Texts(
        f"We {verb.en} {count.en} {what.plurals.en}.",
        f"Wir {verb.de} {count.de} {what.plurals.de}.",
        f"Nous {verb.fr} {count.fr} {what.plurals.fr}.",
        f"{verb.es} {count.es} {what.plurals.es}.",
    )


@template(DAYS, EVENTS, NUMBERS)
def _event_begins(day: Texts, event: Noun, hour: Texts) -> Texts:
    return Texts(
        f"On {day.en} the {event.en} begins at {hour.en} o'clock.",
        f"Am {day.de} beginnt {de_the(event, 'nominative')} um {hour.de} Uhr.",
        f"{_cap(day.fr)}, {fr_the(event)} commence à {hour.fr} heures.",
        f"El {day.es} {es_the(event)} empieza a las {hour.es}.",
    )


@template(DAYS, WEATHERS, CITIES)
def _weather(day: Texts, weather: Texts, city: Texts) -> Texts:
    return Texts(
        f"On {day.en} {weather.en} in {city.en}.",
        f"Am {day.de} {weather.de.format(f'in {city.de}')}.",
        f"{_cap(day.fr)}, {weather.fr} à {city.fr}.",
        f"El {day.es} {weather.es} en {city.es}.",
    )


@template(NAMES, TASTES, NAMES, TASTES)
def _tastes(who: tuple[str, str], what: Texts, other: tuple[str, str], rather: Texts) -> Texts:
    return Texts(
        f"{who[0]} likes {what.en}, but {other[0]} prefers {rather.en}.",
        f"{who[0]} mag {what.de}, aber {other[0]} mag lieber {rather.de}.",
        f"{who[0]} aime {what.fr}, mais {other[0]} préfère {rather.fr}.",
        f"A {who[0]} le gusta {what.es}, pero {other[0]} prefiere {rather.es}.",
    )


@template(PEOPLE, MODALS, ERRANDS, TIMES)
def _errand(who: Noun, modal: Texts, errand: Texts, when: Texts) -> Texts:
    return Texts(
        f"The {who.en} {modal.en} {errand.en} {when.en}.",
        f"{_cap(de_the(who, 'nominative'))} {modal.de} {when.de} {errand.de}.",
        f"{_cap(fr_the(who))} {modal.fr} {errand.fr} {when.fr}.",
        f"{_cap(es_the(who))} {modal.es} {errand.es} {when.es}.",
    )


@template(ERRANDS, TIMES, NAMES)
def _invitation(errand: Texts, when: Texts, who: tuple[str, str]) -> Texts:
    return Texts(
        f"Do you want to {errand.en} {when.en}, {who[0]}?",
        f"Willst du {when.de} {errand.de}, {who[0]}?",
        f"Veux-tu {errand.fr} {when.fr}, {who[0]}?",
        f"¿Quieres {errand.es} {when.es}, {who[0]}?",
    )


@template(CIRCUMSTANCES, PEOPLE, DOINGS, PLACES)
def _circumstance(given: Texts, who: Noun, does: Texts, where: Texts) -> Texts:
    comma = "," if given.de.startswith("Wenn") else ""
    return Texts(
        f"{given.en}, the {who.en} {does.en} {where.en}.",
        f"{given.de}{comma} {does.de} {de_the(who, 'nominative')} {where.de}.",
        f"{given.fr}, {fr_the(who)} {does.fr} {where.fr}.",
        f"{given.es}, {es_the(who)} {does.es} {where.es}.",
    )


@template(NAMES, MOODS, VEHICLES)
def _mood(who: tuple[str, str], mood: tuple[str, str, Any, Any], late: Noun) -> Texts:
    feminine = who[1] == "f"
    return Texts(
        f"{who[0]} is {mood[0]} because the {late.en} is late.",
        f"{who[0]} ist {mood[1]}, weil {de_the(late, 'nominative')} zu spät kommt.",
        f"{who[0]} est {mood[2][feminine]} parce que {fr_the(late)} est en retard.",
        f"{who[0]} está {mood[3][feminine]} porque {es_the(late)} llega tarde.",
    )


@template(COMPARABLE, THINGS, ANIMALS)
def _comparison(how: Adjective, what: Noun, other: Noun) -> Texts:
    assert how.more is not None
    return Texts(
        f"The {what.en} is {how.more[0]} than the {other.en}.",
        f"{_cap(de_the(what, 'nominative'))} ist {how.more[1]} als {de_the(other, 'nominative')}.",
        f"{_cap(fr_the(what))} est plus {how.fr[what.fr_gender == 'f']} que {fr_the(other)}.",
        f"{_cap(es_the(what))} es más {how.es[what.es_gender == 'f']} que {es_the(other)}.",
    )


@template(THINGS + ANIMALS, ADJECTIVES)
def _is_not(what: Noun, how: Adjective) -> Texts:
    return Texts(
        f"The {what.en} is not {how.en}.",
        f"{_cap(de_the(what, 'nominative'))} ist nicht {how.de}.",
        f"{_cap(fr_the(what))} n'est pas {how.fr[what.fr_gender == 'f']}.",
        f"{_cap(es_the(what))} no es {how.es[what.es_gender == 'f']}.",
    )


@template(VEHICLES, CITIES, NUMBERS)
def _departure(vehicle: Noun, city: Texts, hour: Texts) -> Texts:
    return Texts(
        f"The {vehicle.en} to {city.en} leaves at {hour.en} o'clock.",
        f"{_cap(de_the(vehicle, 'nominative'))} nach {city.de} fährt um {hour.de} Uhr ab.",
        f"{_cap(fr_the(vehicle))} pour {city.fr} part à {hour.fr} heures.",
        f"{_cap(es_the(vehicle))} a {city.es} sale a las {hour.es}.",
    )


@template(VEHICLES, CITIES, TIMES)
def _when_leaves(vehicle: Noun, city: Texts, when: Texts) -> Texts:
    return Texts(
        f"When does the {vehicle.en} to {city.en} leave {when.en}?",
        f"Wann fährt {de_the(vehicle, 'nominative')} nach {city.de} {when.de} ab?",
        f"Quand part {fr_the(vehicle)} pour {city.fr} {when.fr}?",
        f"¿Cuándo sale {es_the(vehicle)} a {city.es} {when.es}?",
    )


@template(GREETINGS, NAMES, INQUIRIES, PRESENT)
def _greeting(hello: Texts, who: tuple[str, str], inquiry: Texts, when: Texts) -> Texts:
    return Texts(
        f"{hello.en}, {who[0]}, {inquiry.en} {when.en}?",
        f"{hello.de}, {who[0]}, {inquiry.de} {when.de}?",
        f"{hello.fr}, {who[0]}, {inquiry.fr} {when.fr}?",
        f"{hello.es}, {who[0]}, {inquiry.es} {when.es}?",
    )


@template(ADJECTIVES, THINGS + ANIMALS, NAMES)
def _thanks(how: Adjective, what: Noun, who: tuple[str, str]) -> Texts:
    return Texts(
        f"Thank you for the {how.en} {what.en}, {who[0]}.",
        f"Danke für {de_the(what, 'accusative', how)}, {who[0]}.",
        f"Merci pour {fr_the(what, how)}, {who[0]}.",
        f"Gracias por {es_the(what, how)}, {who[0]}.",
    )


@template(REQUESTS, ADJECTIVES, THINGS)
def _request(verb: Texts, how: Adjective, what: Noun) -> Texts:
    return Texts(
        f"Please {verb.en} the {how.en} {what.en}.",
        f"Bitte {verb.de} {de_the(what, 'accusative', how)}.",
        f"{verb.fr} {fr_the(what, how)}, s'il te plaît.",
        f"{verb.es} {es_the(what, how)}, por favor.",
    )


@template(ENCOUNTERS, PEOPLE, PLACES)
def _encounter(verb: Texts, who: Noun, where: Texts) -> Texts:
    return Texts(
        f"Yesterday I {verb.en} the {who.en} {where.en}.",
        f"Gestern habe ich {de_the(who, 'accusative')} {where.de} {verb.de}.",
        f"Hier, j'ai {verb.fr} {fr_the(who)} {where.fr}.",
        f"{verb.es} {es_to(who)} {where.es}.",
    )


@template(NAMES, PEOPLE, THINGS)
def _gift(who: tuple[str, str], to: Noun, what: Noun) -> Texts:
    return Texts(
        f"{who[0]} gives the {to.en} a {what.en}.".replace(" a apple", " an apple"),
        f"{who[0]} gibt {de_the(to, 'dative')} {de_a(what, 'accusative')}.",
        f"{who[0]} donne {fr_a(what)} {fr_to(to)}.",
        f"{who[0]} da {es_a(what)} {es_to(to)}.",
    )


@template(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def _number(*digits: Texts) -> Texts:
    en, de, fr, es = (", ".join(digit[i] for digit in digits) for i in range(4))
    return Texts(
        f"My number is {en}.",
        f"Meine Nummer ist {de}.",
        f"Mon numéro est {fr}.",
        f"Mi número es {es}.",
    )


def sentences(*, held_out: bool) -> Iterator[Sentence]:
    """Every sentence of the language that is, or is not, held out of training."""
    for pattern in TEMPLATES:
        choices: list[tuple[int, ...]] = [()]
        for slot in pattern.slots:
            choices = [(*choice, index) for choice in choices for index in range(len(slot))]
        for choice in choices:
            sentence = Sentence(pattern, choice)
            if sentence.held_out == held_out:
                yield sentence


def draw(seed: int, *, held_out: bool) -> Iterator[Sentence]:
    """Sentences without end: templates take turns, slots deal all their words before repeating."""
    rng = random.Random(seed)
    decks: dict[tuple[str, int], list[int]] = {}

    def deal(pattern: Template, slot: int) -> int:
        deck = decks.setdefault((pattern.name, slot), [])
        if not deck:
            deck.extend(rng.sample(range(len(pattern.slots[slot])), len(pattern.slots[slot])))
        return deck.pop()

    while True:
        for pattern in rng.sample(TEMPLATES, len(TEMPLATES)):
            while True:
                sentence = Sentence(
                    pattern, tuple(deal(pattern, slot) for slot in range(len(pattern.slots)))
                )
                if sentence.held_out == held_out:
                    break
            yield sentence
