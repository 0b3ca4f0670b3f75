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
from typing import Any, Literal, NamedTuple

LANGUAGES = ("en", "de", "fr", "es")

#: One sentence in so many is never trained on.
HELD_OUT_ONE_IN = 10


class Texts(NamedTuple):
    """One meaning in each language."""

    en: str
    de: str
    fr: str
    es: str


# Words --------------------------------------------------------------------------------------------

Gender = Literal["m", "f", "n"]
Case = Literal["nominative", "accusative", "dative"]


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A countable noun. `de_oblique`: the form outside the nominative, where it differs."""

    en: str
    de: str
    de_gender: Gender
    fr: str
    fr_gender: Gender
    es: str
    es_gender: Gender
    plurals: Texts | None = None
    de_oblique: str | None = None


@dataclass(frozen=True, kw_only=True)
class Adjective:
    """An adjective in the forms that agreement needs.

    French ones that precede the noun have a form before vowels.
    """

    en: str
    de: str
    fr: tuple[str, str]
    es: tuple[str, str]
    de_stem: str | None = None
    fr_before_vowel: str | None = None
    more: tuple[str, str] | None = None  # comparative in English and German


def noun(
    en: str, de: str, fr: str, es: str, *, plurals: str | None = None, oblique: str | None = None
) -> Noun:
    """A noun from 'gender word' strings; plurals as 'en de fr es'."""
    (dg, dw), (fg, fw), (eg, ew) = (text.split() for text in (de, fr, es))
    return Noun(
        en=en, de=dw, de_gender=dg, fr=fw, fr_gender=fg,  # type: ignore[arg-type]
        es=ew, es_gender=eg,  # type: ignore[arg-type]
        plurals=Texts(*plurals.split()) if plurals else None, de_oblique=oblique,
    )  # fmt: skip


THINGS = (
    noun("car", "n Auto", "f voiture", "m coche", plurals="cars Autos voitures coches"),
    noun("book", "n Buch", "m livre", "m libro", plurals="books Bücher livres libros"),
    noun("table", "m Tisch", "f table", "f mesa", plurals="tables Tische tables mesas"),
    noun("chair", "m Stuhl", "f chaise", "f silla", plurals="chairs Stühle chaises sillas"),
    noun("lamp", "f Lampe", "f lampe", "f lámpara", plurals="lamps Lampen lampes lámparas"),
    noun(
        "bicycle",
        "n Fahrrad",
        "m vélo",
        "f bicicleta",
        plurals="bicycles Fahrräder vélos bicicletas",
    ),
    noun("key", "m Schlüssel", "f clé", "f llave", plurals="keys Schlüssel clés llaves"),
    noun("coat", "m Mantel", "m manteau", "m abrigo", plurals="coats Mäntel manteaux abrigos"),
    noun("shirt", "n Hemd", "f chemise", "f camisa", plurals="shirts Hemden chemises camisas"),
    noun(
        "bottle",
        "f Flasche",
        "f bouteille",
        "f botella",
        plurals="bottles Flaschen bouteilles botellas",
    ),
    noun("letter", "m Brief", "f lettre", "f carta", plurals="letters Briefe lettres cartas"),
    noun(
        "newspaper",
        "f Zeitung",
        "m journal",
        "m periódico",
        plurals="newspapers Zeitungen journaux periódicos",
    ),
    noun("apple", "m Apfel", "f pomme", "f manzana", plurals="apples Äpfel pommes manzanas"),
    noun("flower", "f Blume", "f fleur", "f flor", plurals="flowers Blumen fleurs flores"),
    noun(
        "guitar",
        "f Gitarre",
        "f guitare",
        "f guitarra",
        plurals="guitars Gitarren guitares guitarras",
    ),
)
ANIMALS = (
    noun("dog", "m Hund", "m chien", "m perro", plurals="dogs Hunde chiens perros"),
    noun("cat", "f Katze", "m chat", "m gato", plurals="cats Katzen chats gatos"),
    noun("horse", "n Pferd", "m cheval", "m caballo", plurals="horses Pferde chevaux caballos"),
    noun("bird", "m Vogel", "m oiseau", "m pájaro", plurals="birds Vögel oiseaux pájaros"),
)
PEOPLE = (
    noun("teacher", "m Lehrer", "m professeur", "m profesor"),
    noun("doctor", "m Arzt", "m médecin", "m médico"),
    noun("woman", "f Frau", "f femme", "f mujer"),
    noun("man", "m Mann", "m homme", "m hombre"),
    noun("girl", "n Mädchen", "f fille", "f chica"),
    noun("boy", "m Junge", "m garçon", "m chico", oblique="Jungen"),
    noun("child", "n Kind", "m enfant", "m niño"),
    noun("neighbour", "m Nachbar", "m voisin", "m vecino", oblique="Nachbarn"),
    noun("student", "m Student", "m étudiant", "m estudiante", oblique="Studenten"),
    noun("baker", "m Bäcker", "m boulanger", "m panadero"),
    noun("grandmother", "f Großmutter", "f grand-mère", "f abuela"),
)
ADJECTIVES = (
    Adjective(en="red", de="rot", fr=("rouge", "rouge"), es=("rojo", "roja")),
    Adjective(en="blue", de="blau", fr=("bleu", "bleue"), es=("azul", "azul")),
    Adjective(en="green", de="grün", fr=("vert", "verte"), es=("verde", "verde")),
    Adjective(en="black", de="schwarz", fr=("noir", "noire"), es=("negro", "negra")),
    Adjective(en="white", de="weiß", fr=("blanc", "blanche"), es=("blanco", "blanca")),
    Adjective(en="expensive", de="teuer", de_stem="teur", fr=("cher", "chère"), es=("caro", "cara"),
              more=("more expensive", "teurer")),
    Adjective(en="big", de="groß", fr=("grand", "grande"), fr_before_vowel="grand",
              es=("grande", "grande"),
              more=("bigger", "größer")),
    Adjective(en="small", de="klein", fr=("petit", "petite"), fr_before_vowel="petit",
              es=("pequeño", "pequeña"),
              more=("smaller", "kleiner")),
    Adjective(en="new", de="neu", fr=("nouveau", "nouvelle"), fr_before_vowel="nouvel",
              es=("nuevo", "nueva")),
    Adjective(en="old", de="alt", fr=("vieux", "vieille"), fr_before_vowel="vieil",
              es=("viejo", "vieja"),
              more=("older", "älter")),
)  # fmt: skip
COMPARABLE = tuple(adjective for adjective in ADJECTIVES if adjective.more)

VERBS = (
    Texts("buys", "kauft", "achète", "compra"),
    Texts("sells", "verkauft", "vend", "vende"),
    Texts("sees", "sieht", "voit", "ve"),
    Texts("paints", "malt", "peint", "pinta"),
    Texts("finds", "findet", "trouve", "encuentra"),
    Texts("washes", "wäscht", "lave", "lava"),
    Texts("brings", "bringt", "apporte", "trae"),
    Texts("loses", "verliert", "perd", "pierde"),
)
DOINGS = (
    Texts("works", "arbeitet", "travaille", "trabaja"),
    Texts("sleeps", "schläft", "dort", "duerme"),
    Texts("sings", "singt", "chante", "canta"),
    Texts("waits", "wartet", "attend", "espera"),
    Texts("dances", "tanzt", "danse", "baila"),
    Texts("laughs", "lacht", "rit", "ríe"),
)
ERRANDS = (
    Texts("read a book", "ein Buch lesen", "lire un livre", "leer un libro"),
    Texts("drink a coffee", "einen Kaffee trinken", "boire un café", "tomar un café"),
    Texts("write a letter", "einen Brief schreiben", "écrire une lettre", "escribir una carta"),
    Texts("visit the museum", "das Museum besuchen", "visiter le musée", "visitar el museo"),
    Texts("learn Spanish", "Spanisch lernen", "apprendre l'espagnol", "aprender español"),
    Texts("cook the soup", "die Suppe kochen", "préparer la soupe", "preparar la sopa"),
    Texts("open the window", "das Fenster öffnen", "ouvrir la fenêtre", "abrir la ventana"),
    Texts("close the door", "die Tür schließen", "fermer la porte", "cerrar la puerta"),
    Texts("play football", "Fußball spielen", "jouer au football", "jugar al fútbol"),
    Texts("clean the house", "das Haus putzen", "nettoyer la maison", "limpiar la casa"),
)
MODALS = (
    Texts("must", "muss", "doit", "debe"),
    Texts("can", "kann", "peut", "puede"),
    Texts("wants to", "will", "veut", "quiere"),
)
PLACES = (
    Texts("in the kitchen", "in der Küche", "dans la cuisine", "en la cocina"),
    Texts("in the garden", "im Garten", "dans le jardin", "en el jardín"),
    Texts("in the street", "auf der Straße", "dans la rue", "en la calle"),
    Texts("at the station", "am Bahnhof", "à la gare", "en la estación"),
    Texts("at the market", "auf dem Markt", "au marché", "en el mercado"),
    Texts("at school", "in der Schule", "à l'école", "en la escuela"),
    Texts("on the beach", "am Strand", "sur la plage", "en la playa"),
    Texts("in the forest", "im Wald", "dans la forêt", "en el bosque"),
    Texts("under the bridge", "unter der Brücke", "sous le pont", "bajo el puente"),
    Texts("behind the church", "hinter der Kirche", "derrière l'église", "detrás de la iglesia"),
)
TIMES = (
    Texts("today", "heute", "aujourd'hui", "hoy"),
    Texts("tomorrow", "morgen", "demain", "mañana"),
    Texts("now", "jetzt", "maintenant", "ahora"),
    Texts("tonight", "heute Abend", "ce soir", "esta noche"),
)
#: Times that go with the present tense of a greeting.
PRESENT = (TIMES[0], TIMES[2], TIMES[3])
DAYS = (
    Texts("Monday", "Montag", "lundi", "lunes"),
    Texts("Tuesday", "Dienstag", "mardi", "martes"),
    Texts("Wednesday", "Mittwoch", "mercredi", "miércoles"),
    Texts("Thursday", "Donnerstag", "jeudi", "jueves"),
    Texts("Friday", "Freitag", "vendredi", "viernes"),
    Texts("Saturday", "Samstag", "samedi", "sábado"),
    Texts("Sunday", "Sonntag", "dimanche", "domingo"),
)
NUMBERS = (
    Texts("two", "zwei", "deux", "dos"),
    Texts("three", "drei", "trois", "tres"),
    Texts("four", "vier", "quatre", "cuatro"),
    Texts("five", "fünf", "cinq", "cinco"),
    Texts("six", "sechs", "six", "seis"),
    Texts("seven", "sieben", "sept", "siete"),
    Texts("eight", "acht", "huit", "ocho"),
    Texts("nine", "neun", "neuf", "nueve"),
    Texts("ten", "zehn", "dix", "diez"),
)
NAMES = (
    ("Anna", "f"), ("Laura", "f"), ("Clara", "f"), ("Nina", "f"),
    ("Tom", "m"), ("David", "m"), ("Hugo", "m"), ("Leo", "m"),
)  # fmt: skip
CITIES = (
    Texts("Berlin", "Berlin", "Berlin", "Berlín"),
    Texts("Paris", "Paris", "Paris", "París"),
    Texts("Madrid", "Madrid", "Madrid", "Madrid"),
    Texts("London", "London", "Londres", "Londres"),
    Texts("Rome", "Rom", "Rome", "Roma"),
    Texts("Vienna", "Wien", "Vienne", "Viena"),
)
VEHICLES = (
    noun("train", "m Zug", "m train", "m tren"),
    noun("bus", "m Bus", "m bus", "m autobús"),
    noun("ship", "n Schiff", "m bateau", "m barco"),
)
EVENTS = (
    noun("concert", "n Konzert", "m concert", "m concierto"),
    noun("film", "m Film", "m film", "f película"),
    noun("meeting", "f Sitzung", "f réunion", "f reunión"),
    noun("party", "n Fest", "f fête", "f fiesta"),
)
TASTES = (
    Texts("music", "Musik", "la musique", "la música"),
    Texts("coffee", "Kaffee", "le café", "el café"),
    Texts("tea", "Tee", "le thé", "el té"),
    Texts("milk", "Milch", "le lait", "la leche"),
    Texts("bread", "Brot", "le pain", "el pan"),
    Texts("cheese", "Käse", "le fromage", "el queso"),
    Texts("fish", "Fisch", "le poisson", "el pescado"),
    Texts("chocolate", "Schokolade", "le chocolat", "el chocolate"),
)
#: en, de, then French and Spanish by gender of the person.
MOODS = (
    ("tired", "müde", ("fatigué", "fatiguée"), ("cansado", "cansada")),
    ("happy", "glücklich", ("content", "contente"), ("contento", "contenta")),
    ("sad", "traurig", ("triste", "triste"), ("triste", "triste")),
    ("ill", "krank", ("malade", "malade"), ("enfermo", "enferma")),
)
WEATHERS = (
    Texts("it is cold", "ist es {} kalt", "il fait froid", "hace frío"),
    Texts("it is hot", "ist es {} heiß", "il fait chaud", "hace calor"),
    Texts("it is raining", "regnet es {}", "il pleut", "llueve"),
    Texts("it is snowing", "schneit es {}", "il neige", "nieva"),
)
CIRCUMSTANCES = (
    Texts("When it rains", "Wenn es regnet", "Quand il pleut", "Cuando llueve"),
    Texts(
        "When the sun shines",
        "Wenn die Sonne scheint",
        "Quand le soleil brille",
        "Cuando brilla el sol",
    ),
    Texts("Before the holidays", "Vor den Ferien", "Avant les vacances", "Antes de las vacaciones"),
    Texts("After dinner", "Nach dem Essen", "Après le dîner", "Después de la cena"),
)
GREETINGS = (
    Texts("Good morning", "Guten Morgen", "Bonjour", "Buenos días"),
    Texts("Good evening", "Guten Abend", "Bonsoir", "Buenas noches"),
    Texts("Hello", "Hallo", "Salut", "Hola"),
)
INQUIRIES = (
    Texts("how are you", "wie geht es dir", "comment vas-tu", "¿cómo estás"),
    Texts("where are you", "wo bist du", "où es-tu", "¿dónde estás"),
    Texts("what are you doing", "was machst du", "que fais-tu", "¿qué haces"),
)
REQUESTS = (
    Texts("bring me", "bring mir", "Apporte-moi", "Tráeme"),
    Texts("give me", "gib mir", "Donne-moi", "Dame"),
    Texts("show me", "zeig mir", "Montre-moi", "Muéstrame"),
)
ENCOUNTERS = (
    Texts("saw", "gesehen", "vu", "Ayer vi"),
    Texts("heard", "gehört", "entendu", "Ayer oí"),
    Texts("found", "gefunden", "trouvé", "Ayer encontré"),
)
NEEDS = (
    Texts("have", "haben", "avons", "Tenemos"),
    Texts("want", "wollen", "voulons", "Queremos"),
    Texts("sell", "verkaufen", "vendons", "Vendemos"),
)

# Agreement ----------------------------------------------------------------------------------------

_DE_THE = {
    "nominative": {"m": "der", "f": "die", "n": "das"},
    "accusative": {"m": "den", "f": "die", "n": "das"},
    "dative": {"m": "dem", "f": "der", "n": "dem"},
}
_DE_A = {
    "nominative": {"m": ("ein", "er"), "f": ("eine", "e"), "n": ("ein", "es")},
    "accusative": {"m": ("einen", "en"), "f": ("eine", "e"), "n": ("ein", "es")},
}
_VOWELS = "aeiouéhœ"


def de_the(thing: Noun, case: Case, adjective: Adjective | None = None) -> str:
    """German noun phrase with the definite article: 'den roten Tisch'."""
    article = _DE_THE[case][thing.de_gender]
    word = thing.de if case == "nominative" else thing.de_oblique or thing.de
    if adjective is None:
        return f"{article} {word}"
    weak = "en" if case == "dative" or article == "den" else "e"
    return f"{article} {adjective.de_stem or adjective.de}{weak} {word}"


def de_a(thing: Noun, case: Case, adjective: Adjective | None = None) -> str:
    """German noun phrase with the indefinite article: 'ein rotes Auto'."""
    article, ending = _DE_A[case][thing.de_gender]
    if adjective is None:
        return f"{article} {thing.de}"
    return f"{article} {adjective.de_stem or adjective.de}{ending} {thing.de}"


def _fr_phrase(thing: Noun, adjective: Adjective | None) -> str:
    if adjective is None:
        return thing.fr
    masculine, feminine = adjective.fr
    if adjective.fr_before_vowel is None:
        return f"{thing.fr} {masculine if thing.fr_gender == 'm' else feminine}"
    if thing.fr_gender == "f":
        return f"{feminine} {thing.fr}"
    return f"{adjective.fr_before_vowel if thing.fr[0] in _VOWELS else masculine} {thing.fr}"


def fr_the(thing: Noun, adjective: Adjective | None = None) -> str:
    """French noun phrase with the definite article: 'le vieil oiseau', 'l'homme'."""
    phrase = _fr_phrase(thing, adjective)
    if phrase[0] in _VOWELS:
        return f"l'{phrase}"
    return f"{'le' if thing.fr_gender == 'm' else 'la'} {phrase}"


def fr_a(thing: Noun, adjective: Adjective | None = None) -> str:
    """French noun phrase with the indefinite article: 'une petite table'."""
    return f"{'un' if thing.fr_gender == 'm' else 'une'} {_fr_phrase(thing, adjective)}"


def fr_to(thing: Noun) -> str:
    """French dative: 'au professeur', 'à la femme', 'à l'homme'."""
    phrase = fr_the(thing)
    return f"au {thing.fr}" if phrase.startswith("le ") else f"à {phrase}"


def _es_phrase(thing: Noun, adjective: Adjective | None) -> str:
    return thing.es if adjective is None else f"{thing.es} {adjective.es[thing.es_gender == 'f']}"


def es_the(thing: Noun, adjective: Adjective | None = None) -> str:
    """Spanish noun phrase with the definite article: 'el coche rojo'."""
    return f"{'el' if thing.es_gender == 'm' else 'la'} {_es_phrase(thing, adjective)}"


def es_a(thing: Noun, adjective: Adjective | None = None) -> str:
    """Spanish noun phrase with the indefinite article: 'una mesa blanca'."""
    return f"{'un' if thing.es_gender == 'm' else 'una'} {_es_phrase(thing, adjective)}"


def es_to(thing: Noun) -> str:
    """Spanish personal or dative object: 'al profesor', 'a la mujer'."""
    return f"al {thing.es}" if thing.es_gender == "m" else f"a la {thing.es}"


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]


# Templates ----------------------------------------------------------------------------------------

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


# Drawing ------------------------------------------------------------------------------------------


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
