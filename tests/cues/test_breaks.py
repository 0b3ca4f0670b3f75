"""Where texts of 25 languages may break; the sentences were written for this test."""

from __future__ import annotations

import pytest

from canary_subs.cues.breaks import Break, rank_breaks
from canary_subs.cues.function_words import languages

CANARY = "bg hr cs da nl en et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk".split()

#: "|" marks a good break (before a conjunction or preposition, after punctuation),
#: "_" where it is forbidden; other places do not matter.
SENTENCES = {
    "bg": ["Видях един_човек |със_куче.", "Той не_знае |защото не_пита.", "живее |в_София"],
    "hr": ["Vidio_sam |da on ne_zna.", "Živi |u_Zagrebu |i radi.", "gospodin_Horvat čita"],
    "cs": ["Díval_se |na_hory.", "Petr Novák |ale ne_ví.", "bydlí |v_Praze"],
    "da": ["Han_købte en_hund |på_gaden.", "Jeg_tror |at han ikke_kommer."],
    "nl": ["Ik_zag de_hond |in_de_tuin.", "Hij_zei |dat meneer_Jansen niet_komt."],
    "en": [
        "We_saw the_dog |in_the_garden.",
        "They said |that she_would not_come.",
        "Then they met Sherlock_Holmes |and Mr._Bennet.",
        "The road is 40_km long, |you know.",
        "I_don't_know |if it rained.",
        "Go home. |It is late.",
    ],
    "et": ["Ma_ei_tea |kus ta_on.", "tulen |enne_kella |ja lähen"],
    "fi": ["Hän_ei_tiedä |että minä_tulen.", "Menen |ennen_sinua."],
    "fr": [
        "Nous avons vu le_chien |dans le_jardin.",
        "Il_ne_sait_pas |que je_viens.",
        "hier soir Jean_Valjean |et Monsieur_Madeleine",
    ],
    "de": [
        "Wir_sahen den_Hund |in_dem_Garten.",
        "Sie weiß, |dass Herr_Samsa nicht_kommt.",
        "gestern kam der_alte Mann |und ging |nach_Hause",
    ],
    "el": ["Είδα τον_σκύλο |στον_κήπο.", "Λέει |ότι δεν_ξέρει."],
    "hu": ["Láttam a_kutyát |és nem_tudom.", "Azt mondta, |hogy a_ház szép."],
    "it": ["Abbiamo visto il_cane |nel_giardino.", "Dice |che non_viene |perché piove."],
    "lv": ["Viņš dzīvo |pie_mums |un ne_zina.", "domā |ka mans_brālis"],
    "lt": ["Jis gyvena |prie_mūsų |ir ne_žino.", "mano |kad mano_brolis"],
    "mt": ["Rajna kelb |fuq_triq.", "qal |li ma_jafx"],
    "pl": ["Widział psa |w_ogrodzie.", "Mówi, |że pan_Kowalski nie_wie.", "boi_się |i ucieka"],
    "pt": ["Vimos o_cão |no_jardim.", "Ele diz |que não_sabe |porque chove."],
    "ro": ["Am văzut un_câine |în_grădină.", "Spune |că nu_știe."],
    "sk": ["Díval_sa |na_hory.", "Hovorí, |že pán_Novák nie_je doma."],
    "sl": ["Gledal_je |na_morje.", "Pravi, |da gospod_Novak ne_ve."],
    "es": ["Vimos el_perro |en el_jardín.", "Dice |que no_sabe |porque llueve."],
    "sv": ["Vi_såg en_hund |på_gatan.", "Hon_säger |att herr_Karlsson inte_kommer."],
    "ru": ["Мы_видели собаку |в_саду.", "Он_сказал, |что не_знает.", "скажи_же мне"],
    "uk": ["Ми_бачили собаку |в_саду.", "Він_сказав, |що не_знає."],
}


def marked(sentence: str) -> tuple[list[str], list[str]]:
    """The words, and before each of them its mark or a space."""
    parts = sentence.replace("_", " _").split()
    return [part.lstrip("|_") for part in parts], [part[0] for part in parts]


def test_every_language_of_the_model_has_its_words() -> None:
    assert languages() == set(CANARY) == set(SENTENCES)


@pytest.mark.parametrize(
    ("language", "sentence"), [(lang, text) for lang, all_ in SENTENCES.items() for text in all_]
)
def test_breaks(language: str, sentence: str) -> None:
    words, marks = marked(sentence)
    for word, mark, rank in zip(words, marks, rank_breaks(words, language), strict=True):
        if mark == "_":
            assert rank is Break.FORBIDDEN, f"before {word!r}"
        elif mark == "|":
            assert rank <= Break.OPENING, f"before {word!r}: {rank.name}"


def ranks(text: str, language: str = "en") -> list[Break]:
    return rank_breaks(text.split(), language)


def test_nothing_and_one_word() -> None:
    assert rank_breaks([], "en") == []
    assert ranks("Yes") == [Break.SENTENCE]


@pytest.mark.parametrize(
    ("text", "language", "last"),
    [
        ("He left. Then", "en", Break.SENTENCE),
        ("He left.” Then", "en", Break.SENTENCE),
        ("What?! Then", "en", Break.SENTENCE),
        ("a while, then", "en", Break.CLAUSE),
        ("why? he asked", "en", Break.FORBIDDEN),
        ("he asked why? then", "en", Break.CLAUSE),
        ("by J. Smith", "en", Break.FORBIDDEN),
        ("by J. R. Smith", "en", Break.FORBIDDEN),
        ("sah Josef K. lesen", "de", Break.PLAIN),
        ("we saw Dr. Watson", "en", Break.FORBIDDEN),
        ("am 3. Mai", "de", Break.AVOID),
        ("it was 3. Then", "en", Break.SENTENCE),
        ("now 5 km", "en", Break.FORBIDDEN),
        ("now 10 000", "fr", Break.FORBIDDEN),
        ("the U.S. government", "en", Break.PLAIN),
        ("the U.S. Army", "en", Break.AVOID),
        ("in the U.S. They", "en", Break.SENTENCE),
        ("the No. 4", "en", Break.FORBIDDEN),
        ("he said No. Then", "en", Break.SENTENCE),
        ("of Jan. 5th", "en", Break.FORBIDDEN),
        ("apples, pears etc. are", "en", Break.PLAIN),
        ("apples, pears etc. Then", "en", Break.SENTENCE),
        ("jutro o godz. 14.30", "pl", Break.FORBIDDEN),
        ("das heißt z. B.", "de", Break.FORBIDDEN),
        ("wir kommen, d. h.", "de", Break.FORBIDDEN),
        ("wir kommen, d. h. wenn", "de", Break.FORBIDDEN),
        ("und z.B. heute", "de", Break.FORBIDDEN),
        ("la dott.ssa Maria", "it", Break.FORBIDDEN),
        ("de décider ce que", "fr", Break.FORBIDDEN),
        ("de décider ce qu'il", "fr", Break.FORBIDDEN),
        ("enfin Est-ce que", "fr", Break.FORBIDDEN),
        ("decidir o que", "pt", Break.FORBIDDEN),
        ("hacer lo que", "es", Break.FORBIDDEN),
        ("dice que", "es", Break.OPENING),
        ("he said –", "en", Break.FORBIDDEN),
        ("he said – then", "en", Break.CLAUSE),
        ("he said (then", "en", Break.CLAUSE),
        ("τι είναι; Ναι", "el", Break.SENTENCE),
        ("ما هذا؟ نعم", "ar", Break.SENTENCE),
        ("THE OLD MAN", "en", Break.PLAIN),
        # In a text where everything has a capital, capitals are no names.
        ("Gone With Great Winds", "en", Break.PLAIN),
        ("yesterday Irene Adler", "xx", Break.FORBIDDEN),
        ("went home. Irene Adler", "xx", Break.PLAIN),
    ],
)
def test_the_last_break(text: str, language: str, last: Break) -> None:
    assert ranks(text, language)[-1] is last


def test_chinese_and_japanese_follow_kinsoku() -> None:
    assert rank_breaks(list("私は。「東"), "ja")[1:] == [
        Break.PLAIN,
        Break.FORBIDDEN,
        Break.SENTENCE,
        Break.FORBIDDEN,
    ]
    assert rank_breaks(list("去年，你"), "zh")[2:] == [Break.FORBIDDEN, Break.CLAUSE]
