"""Function words distinguish 25 languages, and give no answer if they cannot."""

from __future__ import annotations

import random

import pytest

from canary_subs.cues.function_words import languages
from canary_subs.cues.profiles import profile_for
from canary_subs.cues.text_language import other_language, other_script
from canary_subs.model import Cue
from tests.cues.checking import checked

# The first article of the Universal Declaration of Human Rights, and lines of dialogue.
SAMPLES = {
    "bg": "Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с "
    "разум и съвест и следва да се отнасят помежду си в дух на братство. Не знам къде е "
    "той, но трябва да го намерим, преди да е станало твърде късно. Ако искаш, можем да "
    "се приберем заедно.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni "
    "rozumem a svědomím a mají spolu jednat v duchu bratrství. Nevím, kde je, ale musíme "
    "ho najít, než bude příliš pozdě. Když chceš, můžeme jít domů spolu.",
    "da": "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med "
    "fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets ånd. Jeg "
    "ved ikke, hvor han er, men vi skal finde ham, før det er for sent. Hvis du vil, kan "
    "vi gå hjem sammen.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit "
    "Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit "
    "begegnen. Ich weiß nicht, wo er ist, aber wir müssen ihn finden, bevor es zu spät "
    "ist. Wenn du willst, gehen wir heim.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. "
    "Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ "
    "τους με πνεύμα αδελφοσύνης. Δεν ξέρω πού είναι, αλλά πρέπει να τον βρούμε πριν να "
    "είναι αργά.",
    "en": "All human beings are born free and equal in dignity and rights. They are endowed "
    "with reason and conscience and should act towards one another in a spirit of "
    "brotherhood. I don't know where he is, but we have to find him before it is too "
    "late. We can go home if you want.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados "
    "como están de razón y conciencia, deben comportarse fraternalmente los unos con los "
    "otros. No sé dónde está, pero tenemos que encontrarlo antes de que sea tarde. Si "
    "quieres, nos vamos a casa.",
    "et": "Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt. Neile on "
    "antud mõistus ja südametunnistus ja nende suhtumist üksteisesse peab kandma vendluse "
    "vaim. Ma ei tea, kus ta on, aga me peame ta leidma, enne kui on liiga hilja.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille "
    "on annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden "
    "hengessä. En tiedä, missä hän on, mutta meidän täytyy löytää hänet ennen kuin on "
    "liian myöhäistä.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont "
    "doués de raison et de conscience et doivent agir les uns envers les autres dans un "
    "esprit de fraternité. Je ne sais pas où il est, mais nous devons le trouver avant "
    "qu'il soit trop tard.",
    "hr": "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima. Ona su "
    "obdarena razumom i sviješću i trebaju jedna prema drugima postupati u duhu bratstva. "
    "Ne znam gdje je, ali moramo ga naći prije nego što bude prekasno. Ako želiš, možemo "
    "ići kući zajedno.",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, "
    "ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy "
    "viseltessenek. Nem tudom, hol van, de meg kell találnunk, mielőtt túl késő lesz.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono "
    "dotati di ragione e di coscienza e devono agire gli uni verso gli altri in spirito "
    "di fratellanza. Non so dove sia, ma dobbiamo trovarlo prima che sia troppo tardi. Se "
    "vuoi, andiamo a casa insieme.",
    "lt": "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir "
    "sąžinė ir jie turi elgtis vienas kito atžvilgiu kaip broliai. Aš nežinau, kur jis "
    "yra, bet mes turime jį rasti, kol dar ne per vėlu. Jei nori, galime eiti namo kartu.",
    "lv": "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir "
    "apveltīti ar saprātu un sirdsapziņu, un viņiem jāizturas citam pret citu brālības "
    "garā. Es nezinu, kur viņš ir, bet mums viņš ir jāatrod, pirms ir par vēlu. Ja tu "
    "gribi, mēs varam iet mājās kopā.",
    "mt": "Il-bnedmin kollha jitwieldu ħielsa u ugwali fid-dinjità u d-drittijiet. Huma "
    "mogħnija bir-raġuni u bil-kuxjenza u għandhom iġibu ruħhom ma' xulxin bi spirtu ta' "
    "aħwa. Ma nafx fejn hu, imma rridu nsibuh qabel ma jkun tard wisq. Jekk trid, nistgħu "
    "mmorru d-dar flimkien.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn "
    "begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest van "
    "broederschap te gedragen. Ik weet niet waar hij is, maar we moeten hem vinden "
    "voordat het te laat is.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi w swojej godności i prawach. Są oni obdarzeni "
    "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa. Nie wiem, "
    "gdzie on jest, ale musimy go znaleźć, zanim będzie za późno. Jeśli chcesz, możemy "
    "iść razem do domu.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de "
    "razão e de consciência, devem agir uns para com os outros em espírito de "
    "fraternidade. Não sei onde ele está, mas temos de o encontrar antes que seja tarde. "
    "Se quiser, vamos para casa.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sunt "
    "înzestrate cu rațiune și conștiință și trebuie să se comporte unele față de altele "
    "în spiritul fraternității. Nu știu unde este, dar trebuie să-l găsim înainte să fie "
    "prea târziu.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
    "разумом и совестью и должны поступать в отношении друг друга в духе братства. Я не "
    "знаю, где он, но мы должны найти его, пока не поздно. Если хочешь, мы можем пойти "
    "домой вместе.",
    "sk": "Všetci ľudia sa rodia slobodní a rovní v dôstojnosti a právach. Sú obdarení rozumom "
    "a svedomím a majú sa k sebe správať v duchu bratstva. Neviem, kde je, ale musíme ho "
    "nájsť, než bude príliš neskoro. Ak chceš, môžeme ísť domov spolu.",
    "sl": "Vsi ljudje se rodijo svobodni in imajo enako dostojanstvo in enake pravice. "
    "Obdarjeni so z razumom in vestjo in bi morali ravnati drug z drugim kakor bratje. Ne "
    "vem, kje je, ampak moramo ga najti, preden bo prepozno. Če hočeš, lahko greva domov "
    "skupaj.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med "
    "förnuft och samvete och bör handla gentemot varandra i en anda av broderskap. Jag "
    "vet inte var han är, men vi måste hitta honom innan det är för sent. Om du vill kan "
    "vi gå hem tillsammans.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені "
    "розумом і совістю і повинні діяти у відношенні один до одного в дусі братерства. Я "
    "не знаю, де він, але ми маємо знайти його, поки не пізно. Якщо хочеш, ми можемо піти "
    "додому разом.",
}
#: Pairs that share most of their function words: a few sentences may not distinguish them.
NEAR = [
    {"cs", "sk"},
    {"hr", "sl"},
    {"da", "sv"},
    {"es", "pt"},
    {"ru", "bg"},
    {"ru", "uk"},
    {"bg", "uk"},
]


def words(language: str) -> list[str]:
    bare = (word.strip(".,") for word in SAMPLES[language].split())
    return [word for word in bare if word]


def test_every_language_is_here() -> None:
    assert set(SAMPLES) == languages()


@pytest.mark.parametrize("language", SAMPLES)
def test_a_language_is_never_taken_for_another(language: str) -> None:
    text = words(language)
    chance = random.Random(language)
    for size in (3, 6, 10, 20):
        for start in range(len(text) - size + 1):
            assert other_language(text[start : start + size], language) is None
        shuffled = chance.sample(text, size)
        assert other_language(shuffled, language) is None
    assert other_script(SAMPLES[language], language) is None


@pytest.mark.parametrize("language", SAMPLES)
def test_another_language_is_named(language: str) -> None:
    for claimed in SAMPLES:
        if claimed == language:
            continue
        found = other_script(SAMPLES[language], claimed) or other_language(words(language), claimed)
        if {claimed, language} in NEAR:
            assert found in (language, None)
        else:
            assert found in (language, "Cyrillic", "Greek", "Latin")


def test_no_answer_for_what_is_not_known() -> None:
    assert other_language(words("de"), "tlh") is None
    assert other_language([], "de") is None
    assert other_language(["Ja", "Nein", "Okay"], "en") is None
    assert other_script("OK", "ru") is None
    assert other_script("Вася сказал: iPhone", "ru") is None
    assert other_script("12:30", "ja") is None
    assert other_script("これは本です", "ja-JP") is None
    assert other_script("これは本です", "en") in ("Hiragana", "Cjk")


def test_a_line_in_another_language_is_found_where_it_stands() -> None:
    lines = [*SAMPLES["de"].split(". "), "Je ne sais pas où il est, mais vous devez le trouver."]
    lines += SAMPLES["de"].split(". ")
    cues = [
        Cue(start_ms=i * 9000, end_ms=i * 9000 + 8000, lines=(line,))
        for i, line in enumerate(lines)
    ]
    profile = profile_for("youtube", "de")
    found = [one for one in checked(cues, profile, language="de") if one.rule == "language"]
    assert [(one.cue, one.measured, one.limit) for one in found] == [(4, "fr", "de")]
