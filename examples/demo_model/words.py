"""The words of the demonstration language in four languages, and how articles agree with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Texts(NamedTuple):
    """One meaning in each language."""

    en: str
    de: str
    fr: str
    es: str


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
