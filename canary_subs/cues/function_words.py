"""The closed classes of the 25 languages of canary-1b-v2: words that tie what stands beside them.

Only words that are nearly always of their class stand here: a word that is as often a noun or an
adverb would forbid good breaks. All are casefolded, with straight apostrophes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """One language's ties; all but ``enclitics`` lean on the word after them."""

    #: With determiners and possessives that never stand alone.
    articles: frozenset[str]
    prepositions: frozenset[str]
    #: Those that stand before the verb, and contracted ones ("don't").
    negations: frozenset[str]
    #: Subjects.
    pronouns: frozenset[str]
    #: With relative pronouns and subordinators: a line had better begin with them.
    conjunctions: frozenset[str]
    auxiliaries: frozenset[str]
    #: Before a name, without their full stop.
    titles: frozenset[str]
    #: Words that lean on the one before them.
    enclitics: frozenset[str]


def _words(
    *,
    articles: str = "",
    prepositions: str = "",
    negations: str = "",
    pronouns: str = "",
    conjunctions: str = "",
    auxiliaries: str = "",
    titles: str = "",
    enclitics: str = "",
) -> FunctionWords:
    return FunctionWords(
        articles=_set(articles),
        prepositions=_set(prepositions),
        negations=_set(negations),
        pronouns=_set(pronouns),
        conjunctions=_set(conjunctions),
        auxiliaries=_set(auxiliaries),
        titles=_set(titles),
        enclitics=_set(enclitics),
    )


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: What stands after a number and belongs to it, in any language.
UNITS = _set(
    "% ‰ ° °c °f mm cm dm m km g kg mg t l ml cl s ms h min hz khz mhz ghz w kw mw v mv a b kb mb"
    " gb tb bit € $ £ ¥ zł kč ft eur usd gbp percent prozent procent"
)

#: Languages that write an ordinal with a full stop after the number.
ORDINAL_LANGUAGES = _set("cs da de et fi hr hu lv no pl sk sl")

FUNCTION_WORDS: dict[str, FunctionWords] = {
    "en": _words(
        articles="a an the my your his its our their every no some any these those each",
        prepositions="of at by for from into onto with without about against between among through"
        " during before after to in on upon under over toward towards across behind beyond near"
        " within throughout until till since as than like per via",
        negations="not never don't doesn't didn't won't wouldn't can't cannot couldn't shouldn't"
        " isn't aren't wasn't weren't haven't hasn't hadn't mustn't",
        pronouns="i he she we they i'm you're he's she's it's we're they're i've you've we've"
        " they've i'll you'll he'll she'll we'll they'll i'd you'd he'd she'd we'd they'd",
        conjunctions="and or but nor because although though while whereas unless if when whenever"
        " where who whom whose which that so whether",
        auxiliaries="am is are was were be been being have has had do does did will would shall"
        " should can could may might must you it",
        titles="mr mrs ms dr prof sir lord lady captain st saint president king queen uncle aunt",
    ),
    "de": _words(
        articles="der die das den dem des ein eine einen einem einer eines mein meine meinen meinem"
        " meiner dein deine deinen deinem deiner sein seine seinen seinem seiner ihre ihren ihrem"
        " ihrer unser unsere unseren unserem unserer euer eure kein keine keinen keinem keiner"
        " jeder jede jedes jeden jedem dieser diese dieses diesen diesem",
        prepositions="in im ins an am ans auf aufs aus bei beim mit nach von vom zu zum zur für"
        " gegen ohne um durch über unter vor hinter neben zwischen während wegen trotz seit bis"
        " statt außer gegenüber als wie",
        negations="nicht nie niemals",
        pronouns="ich du er wir ihr man",
        conjunctions="und oder aber denn sondern weil dass daß obwohl wenn falls ob damit sobald"
        " solange nachdem bevor ehe indem wo welche welcher welches",
        auxiliaries="bin bist ist sind seid war waren habe hast hat haben hatte hatten werde wirst"
        " wird werden wurde wurden kann kannst können konnte muss müssen musste soll sollen sollte"
        " will wollen wollte darf dürfen mag möchte es sie",
        titles="herr herrn frau dr prof doktor professor könig königin kaiser graf st",
        enclitics="zu",
    ),
    "fr": _words(
        articles="le la les l' un une des du de d' au aux mon ma mes ton ta tes son sa ses notre"
        " nos votre vos leur leurs ce cet cette ces chaque quelque quelques aucun aucune",
        prepositions="à en dans par pour sur sous avec sans chez vers entre contre depuis pendant"
        " avant après devant derrière parmi selon malgré jusqu'à jusqu'au dès",
        negations="ne n' ni",
        pronouns="je j' tu il ils on me m' te t' se s' y",
        conjunctions="et ou mais donc or car que qu' qui quand lorsque lorsqu' puisque puisqu'"
        " si comme où dont parce quoique afin tandis",
        auxiliaries="suis es est sommes êtes sont était étaient étais ai as a avons avez ont avait"
        " avaient avais sera seront aura vais vas va allons allez vont peut peux peuvent doit dois"
        " doivent elle elles nous vous",
        titles="m mme mlle mm monsieur madame mademoiselle dr docteur maître me saint sainte",
        enclitics="pas jamais plus",
    ),
    "es": _words(
        articles="el la los las un una unos unas lo al del mi mis tu tus su sus nuestro nuestra"
        " nuestros nuestras vuestro vuestra este esta estos estas ese esa esos esas aquel aquella"
        " aquellos aquellas cada algún alguna ningún ninguna",
        prepositions="a ante bajo con contra de desde durante en entre hacia hasta mediante para"
        " por según sin sobre tras",
        negations="no nunca jamás ni",
        pronouns="yo tú me te se nos os le les",
        conjunctions="y e o u pero sino que porque aunque si cuando donde como mientras pues quien"
        " quienes cual cuales cuyo cuya",
        auxiliaries="soy eres es somos son era eran fue he has ha hemos han había habían estoy está"
        " están estaba estaban voy va vamos van puede pueden debe deben él ella ellos ellas",
        titles="señor señora señorita sr sra srta don doña dr dra san santa santo",
    ),
}
