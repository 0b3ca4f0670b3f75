"""The closed classes of the 25 languages of canary-1b-v2: words that tie what stands beside them.

Only words that are nearly always of their class stand here: a word that is as often a noun or an
adverb would forbid good breaks. Apostrophes are straight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
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
    #: With pronouns that are subjects as often as objects: a weaker tie.
    auxiliaries: frozenset[str]
    #: Before a name, without their full stop.
    titles: frozenset[str]
    #: Words that lean on the one before them.
    enclitics: frozenset[str]

    @cached_property
    def leaning(self) -> frozenset[str]:
        """Articles, prepositions and negations: nothing comes between them and the next word."""
        return self.articles | self.prepositions | self.negations


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
    return frozenset(word.strip("'-") for word in words.casefold().split())


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
        " should can could may might must you it her",
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
        articles="le la les l' un une des du mon ma mes ton ta tes son sa ses notre"
        " nos votre vos leur leurs ce cet cette ces chaque quelque quelques aucun aucune",
        prepositions="de d' à au aux en dans par pour sur sous avec sans chez vers entre contre"
        " depuis pendant avant après devant derrière parmi selon malgré jusqu'à jusqu'au dès",
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
        articles="el la los las un una unos unas lo mi mis tu tus su sus nuestro nuestra"
        " nuestros nuestras vuestro vuestra este esta estos estas ese esa esos esas aquel aquella"
        " aquellos aquellas cada algún alguna ningún ninguna",
        prepositions="a al ante bajo con contra de del desde durante en entre hacia hasta mediante"
        " para por según sin sobre tras",
        negations="no nunca jamás ni",
        pronouns="yo tú me te se nos os le les",
        conjunctions="y e o u pero sino que porque aunque si cuando donde como mientras pues quien"
        " quienes cual cuales cuyo cuya",
        auxiliaries="soy eres es somos son era eran fue he has ha hemos han había habían estoy está"
        " están estaba estaban voy va vamos van puede pueden debe deben él ella ellos ellas",
        titles="señor señora señorita sr sra srta don doña dr dra san santa santo",
    ),
    "it": _words(
        articles="il lo la i gli le l' un uno una un' del dello della dei degli delle dell' mio mia"
        " miei mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri nostre vostro vostra"
        " vostri vostre questo questa questi queste quel quella quei quegli quelle ogni qualche"
        " nessun nessuna",
        prepositions="di a da in con su per tra fra al allo alla ai agli alle all' dal dallo dalla"
        " dai dagli dalle dall' nel nello nella nei negli nelle nell' sul sullo sulla sui sugli"
        " sulle sull' col verso contro senza durante dopo prima sotto sopra dietro presso fino",
        negations="non né",
        pronouns="io tu egli mi ti si ci vi ne",
        conjunctions="e ed o od ma che perché poiché se quando mentre come dove benché sebbene"
        " affinché cui quindi dunque però",
        auxiliaries="sono sei è siamo siete era erano ero ho hai ha abbiamo avete hanno aveva"
        " avevano sarà saranno sto stai sta stiamo stanno può possono deve devono lui lei noi voi"
        " loro",
        titles="signor signora signorina sig dott dottor dottoressa professor prof don san santa"
        " santo sant'",
    ),
    "pt": _words(
        articles="o a os as um uma uns umas meu minha meus minhas teu tua teus tuas seu sua seus"
        " suas nosso nossa nossos nossas este esta estes estas esse essa esses essas aquele aquela"
        " aqueles aquelas cada algum alguma nenhum nenhuma",
        prepositions="de do da dos das em no na nos nas por pelo pela pelos pelas para pra com sem"
        " sobre sob entre até desde contra ante após durante segundo ao à aos às num numa",
        negations="não nunca nem jamais",
        pronouns="eu tu me te se lhe lhes",
        conjunctions="e ou mas porém que porque pois se quando enquanto como onde embora quem cujo"
        " cuja",
        auxiliaries="sou és é somos são era eram foi tenho tem temos têm tinha tinham estou está"
        " estamos estão estava estavam vou vai vamos vão pode podem deve devem há ele ela eles elas"
        " você vocês nós",
        titles="senhor senhora sr sra dr dra dom dona são santa santo professor",
    ),
    "nl": _words(
        articles="de het een 't 'n mijn m'n jouw zijn z'n haar ons onze jullie hun deze dit die elk"
        " elke ieder iedere geen",
        prepositions="in op aan van voor met bij naar uit over onder tussen door tegen zonder om"
        " tot sinds tijdens na achter naast boven binnen buiten volgens als dan langs wegens",
        negations="niet nooit",
        pronouns="ik jij je hij wij we ze men u",
        conjunctions="en of maar want omdat doordat dat hoewel terwijl toen wanneer zodat tenzij"
        " indien waar wie wat",
        auxiliaries="ben bent is was waren heb hebt heeft hebben had hadden word wordt worden werd"
        " werden zal zullen zou zouden kan kunnen kon moet moeten moest wil willen wilde mag mogen"
        " zij er",
        titles="meneer mevrouw dhr mevr mw dr prof professor dokter sint koning koningin",
        enclitics="te",
    ),
    "sv": _words(
        articles="en ett den det de min mitt mina din ditt dina hans hennes sin sitt sina vår vårt"
        " våra er ert era deras denna detta dessa varje någon något några ingen inget inga",
        prepositions="i på av för från till med utan om över under mellan genom mot hos vid efter"
        " före bakom framför bredvid enligt sedan ur åt än",
        negations="inte aldrig ej",
        pronouns="jag du han hon vi ni man",
        conjunctions="och eller men utan att eftersom därför fast fastän när medan om som där vars"
        " vilken vilket vilka så",
        auxiliaries="är var har hade blir blev ska skall skulle kan kunde vill ville måste får fick"
        " bör borde",
        titles="herr fru fröken dr doktor professor kung drottning sankt",
    ),
    "da": _words(
        articles="en et den det de min mit mine din dit dine hans hendes sin sit sine vores jeres"
        " deres denne dette disse hver hvert nogen noget nogle ingen intet",
        prepositions="i på af for fra til med uden om over under mellem gennem mod hos ved efter"
        " før bag foran ifølge siden end",
        negations="ikke aldrig ej",
        pronouns="jeg du han hun vi man",
        conjunctions="og eller men at fordi da når mens hvis som der hvor hvis selvom så",
        auxiliaries="er var har havde bliver blev skal skulle kan kunne vil ville må måtte bør"
        " burde",
        titles="hr herr fru frøken dr doktor professor kong dronning sankt",
    ),
    "pl": _words(
        articles="mój moja moje moi twój twoja twoje swój swoja swoje swoją nasz nasza nasze wasz"
        " wasza wasze jego jej ich ten ta to te ci tego tej tym tych tę każdy każda każde żaden"
        " żadna żadne",
        prepositions="w we z ze na do od ode o u po za pod nad przed przez przy bez dla między"
        " wśród ku wobec podczas według oprócz obok koło",
        negations="nie",
        pronouns="ja ty my wy",
        conjunctions="i a oraz lub albo ale lecz jednak bo ponieważ że żeby aby by gdy kiedy jeśli"
        " jeżeli choć chociaż który która które którzy którego której którym których gdzie czy"
        " więc zanim",
        auxiliaries="jest są był była było byli były będę będziesz będzie będziemy będą został"
        " została może mogą musi muszą on ona oni one",
        titles="pan pani panna dr doktor profesor prof król królowa święty święta św",
        enclitics="się go mu",
    ),
    "cs": _words(
        articles="můj moje má mého mé tvůj tvoje tvé svůj svoje svou svého své náš naše váš vaše"
        " jeho její jejich ten ta to ti ty tento tato toto každý každá každé žádný žádná žádné",
        prepositions="v ve z ze na do od ode o u po za pod nad před přede přes při bez beze pro"
        " mezi k ke ku s podle kvůli kromě během vedle kolem",
        negations="ne není nejsou nikdy",
        pronouns="já ty my vy",
        conjunctions="a i nebo ani ale však protože neboť že aby když jestli jestliže pokud zatímco"
        " než který která které kteří kterého kterou kde či ač ačkoli",
        auxiliaries="je jsou byl byla bylo byli byly budu budeš bude budeme budete budou může mohou"
        " musí on ona oni",
        titles="pan paní slečna dr doktor profesor prof král královna svatý svatá sv",
        enclitics="se jsem jsi jsme jste bych bys by bychom byste si mi ti mu ho",
    ),
    "sk": _words(
        articles="môj moja moje môjho mojej tvoj tvoja tvoje svoj svoja svoje svojho svoju náš naša"
        " naše váš vaša vaše jeho jej ich ten tá to tí tie tento táto toto každý každá každé žiadny"
        " žiadna žiadne",
        prepositions="v vo z zo na do od odo o u po za pod nad pred cez pri bez pre medzi k ku s so"
        " podľa kvôli okrem počas vedľa okolo",
        negations="nie nikdy",
        pronouns="ja ty my vy",
        conjunctions="a aj i alebo ani ale však lebo pretože že aby keď ak kým než ktorý ktorá"
        " ktoré ktorí ktorého ktorú kde či hoci",
        auxiliaries="je sú bol bola bolo boli budem budeš bude budeme budete budú môže môžu musí"
        " on ona oni",
        titles="pán pani slečna dr doktor profesor prof kráľ kráľovná svätý svätá sv",
        enclitics="som si sme ste by sa mi ti mu ho",
    ),
    "sl": _words(
        articles="moj moja moje tvoj tvoja tvoje svoj svoja svoje naš naša naše vaš vaša vaše"
        " njegov njegova njegovo njen njena njihov njihova ta to ti te tisti tista vsak vsaka vsako"
        " noben nobena nobeno",
        prepositions="v na z s do od o ob pri po za pod nad pred čez skozi brez med k h proti"
        " zaradi kljub poleg okoli iz",
        negations="ne ni nisem nisi nismo niste niso",
        pronouns="jaz ti mi vi",
        conjunctions="in ter ali a ampak toda vendar ker saj da če ko kadar medtem čeprav ki kateri"
        " katera katero kjer kot",
        auxiliaries="bil bila bilo bili bile bom boš bo bomo boste bodo lahko mora morajo on ona"
        " oni",
        titles="gospod gospa gospodična dr doktor profesor prof kralj kraljica sveti sveta",
        enclitics="sem si je smo ste so bi se ga mu",
    ),
    "hr": _words(
        articles="moj moja moje mog tvoj tvoja tvoje svoj svoja svoje svog naš naša naše vaš vaša"
        " vaše njegov njegova njegovo njezin njezina njihov njihova taj ta to ti te ovaj ova ovo"
        " svaki svaka svako nijedan nijedna",
        prepositions="u na iz s sa do od o po za pod nad pred preko kroz bez među između k ka prema"
        " zbog kod pri oko pored tijekom uz",
        negations="ne nije nisam nisi nismo niste nisu neću nećeš neće nećemo nećete",
        pronouns="ja ti mi vi",
        conjunctions="i a te ili ni ali nego već jer da ako kad kada dok iako koji koja koje kojeg"
        " koju gdje kao što",
        auxiliaries="bio bila bilo bili bile može mogu mora moraju on ona oni",
        titles="gospodin gospođa gospođica dr doktor profesor prof kralj kraljica sveti sveta sv",
        enclitics="sam si je smo ste su ću ćeš će ćemo ćete bih bi bismo biste se ga mu li",
    ),
    "bg": _words(
        articles="мой моя моят моята моето моите твой твоя твоят твоята твоето своя своят своята"
        " своето наш наша нашият нашата ваш ваша негов негова неин нейна техен тяхна този тази това"
        " тези онзи онази всеки всяка всяко никой никоя един една едно",
        prepositions="в във на с със от до за по при под над пред през без между към след преди"
        " около край срещу според заради освен чрез из",
        negations="не няма",
        pronouns="аз ти ние вие",
        conjunctions="и а или нито но обаче защото понеже че да ако когато докато макар който която"
        " което които където дали",
        auxiliaries="беше бяха бил била било били ще може могат трябва той тя те",
        titles="господин госпожа госпожица г-н г-жа д-р проф доктор професор цар царица свети света"
        " св",
        enclitics="съм си е сме сте са се ли го му ми",
    ),
    "ru": _words(
        articles="мой моя моё мое мои твой твоя твоё твое твои свой своя своё свое свои своего"
        " своей своих наш наша наше наши ваш ваша ваше ваши этот эта это эти тот та те каждый"
        " каждая каждое всякий",
        prepositions="в во на с со из изо к ко от ото до о об обо у по за под над перед через при"
        " без для между про ради среди около после против кроме вокруг из-за из-под",
        negations="не ни",
        pronouns="я ты мы вы он она они",
        conjunctions="и а или либо но однако что чтобы потому если когда пока хотя как который"
        " которая которое которые которого которой где куда чем зато",
        auxiliaries="был была было были буду будешь будет будем будете будут может могут должен"
        " должна должны",
        titles="господин госпожа г-н г-жа доктор профессор проф царь король королева святой святая"
        " св",
        enclitics="же ли бы ж б",
    ),
    "uk": _words(
        articles="мій моя моє мої твій твоя твоє твої свій своя своє свої свого своєї своїх наш"
        " наша наше наші ваш ваша ваше ваші його її їхній цей ця це ці той та ті кожен кожна кожне",
        prepositions="в у на з із зі до від о об по за під над перед через при без для між про"
        " серед біля після проти крім навколо з-за з-під к",
        negations="не ні",
        pronouns="я ти ми ви він вона вони",
        conjunctions="і й а або чи але проте однак що щоб бо тому якщо коли поки хоча як який яка"
        " яке які якого якої де куди ніж",
        auxiliaries="був була було були буду будеш буде будемо будете будуть може можуть повинен"
        " повинна повинні",
        titles="пан пані доктор професор проф цар король королева святий свята св",
        enclitics="ж же б би",
    ),
    "lt": _words(
        articles="mano tavo savo mūsų jūsų jo jos jų šis ši šie šios tas ta tie tos kiekvienas"
        " kiekviena joks jokia",
        prepositions="į iš ant po prie prieš už nuo iki su be per pas apie dėl pagal tarp virš"
        " šalia aplink link anot",
        negations="ne nei niekada",
        pronouns="aš tu mes jūs",
        conjunctions="ir bei o ar arba bet tačiau nes kad jei jeigu kai kol nors kuris kuri kurie"
        " kurios kurį kur kaip",
        auxiliaries="yra buvo esu esi esame bus būtų gali galėjo turi jis ji jie jos",
        titles="ponas ponia panelė dr daktaras profesorius prof karalius karalienė šventasis",
    ),
    "lv": _words(
        articles="mans mana mani manas tavs tava savs sava savu mūsu jūsu viņa viņas viņu šis šī"
        " šie šīs tas tā tie tās katrs katra neviens neviena",
        prepositions="uz no pie pēc pirms aiz ar bez par pa caur pret starp zem virs līdz kopš dēļ"
        " ap gar",
        negations="ne nekad nav",
        pronouns="es tu mēs jūs",
        conjunctions="un vai bet tomēr jo ka lai ja kad kamēr lai kurš kura kuri kuras kuru kur kā"
        " nekā",
        auxiliaries="ir bija esmu esi esam būs būtu var varēja viņš viņi",
        titles="kungs kundze dr doktors profesors prof karalis karaliene svētais",
    ),
    "et": _words(
        articles="minu mu sinu su tema ta oma meie teie nende see need too iga ükski",
        prepositions="enne pärast ilma koos üle läbi vastu kuni piki ümber keset",
        negations="ei ära mitte ega",
        pronouns="ma mina sa sina me te nad nemad",
        conjunctions="ja ning või ent kuid aga vaid sest et kui kuna kuigi kes mis mille kelle kus"
        " nagu",
        auxiliaries="on oli olen oled oleme olete oleks saab sai võib pidi peab",
        titles="härra proua preili dr doktor professor prof kuningas kuninganna püha",
    ),
    "fi": _words(
        articles="minun sinun hänen meidän teidän heidän tämä tuo se nämä nuo jokainen joka mikään",
        prepositions="ennen ilman pitkin vasten kohti ympäri",
        negations="ei en et emme ette eivät älä älkää ettei",
        pronouns="minä sinä hän me te he",
        conjunctions="ja sekä tai mutta vaan sillä koska että jos kun kunnes vaikka jotta joka"
        " jonka jotka mikä missä kuin eli",
        auxiliaries="on oli olen olet olemme olette ovat olivat olisi voi voivat pitää täytyy",
        titles="herra rouva neiti tri tohtori professori prof kuningas kuningatar pyhä",
    ),
    "hu": _words(
        articles="a az egy ez e ezt azt minden semmilyen",
        negations="nem ne soha",
        pronouns="én te mi ti ők",
        conjunctions="és s vagy de hanem mert hogy ha amikor mikor míg bár noha aki akik akit ami"
        " amit amely amelyet ahol mint pedig",
        auxiliaries="van volt vannak voltak lesz lehet kell tud tudott fog",
        titles="dr doktor szent",
        enclitics="is sem úr asszony alatt fölött mellett után előtt között mögött felé által iránt"
        " szerint miatt nélkül helyett",
    ),
    "el": _words(
        articles="ο η το οι τα του της των τον την τους τις ένας"
        " μια μία ένα κάθε κανένας καμία κανένα αυτός αυτή αυτό αυτοί αυτές αυτά εκείνος εκείνη"
        " εκείνο",
        prepositions="σε στο στη στην στον στα στους στις με από για προς χωρίς ως μέχρι"
        " κατά μετά πριν παρά αντί έως",
        negations="δεν δε μη μην ούτε ποτέ",
        pronouns="εγώ εσύ εμείς εσείς θα να ας",
        conjunctions="και κι ή είτε αλλά όμως γιατί επειδή ότι πως που αν όταν ενώ αφού αν όποιος"
        " όποια όπου όπως ώστε",
        auxiliaries="είμαι είσαι είναι είμαστε ήταν έχω έχεις έχει έχουμε έχουν είχε είχαν μπορεί"
        " πρέπει",
        titles="κύριος κυρία κύριε δεσποινίς κ δρ γιατρός καθηγητής βασιλιάς βασίλισσα άγιος αγία",
        enclitics="μου σου μας σας",
    ),
    "ro": _words(
        articles="un o unui unei niște al a ai ale cel cea cei cele acest această acești aceste"
        " acel acea fiecare niciun nicio",
        prepositions="de la în din pe cu fără pentru prin spre către sub peste între după până"
        " despre lângă contra dinspre dintre printre",
        negations="nu n- nici",
        pronouns="eu tu noi voi mă te se îmi îți își ne vă m- s- să",
        conjunctions="și sau ori dar însă ci că fiindcă deoarece pentru dacă când în deși care"
        " cărui cărei căror unde cum ca iar",
        auxiliaries="sunt ești este e suntem sunteți era erau am ați au avea aveau va vor voi vom"
        " poate pot trebuie el ea ei ele",
        titles="domnul doamna domnișoara dl dna dr doctor profesor prof regele regina sfântul"
        " sfânta",
    ),
    "mt": _words(
        articles="il- l- id- in- ir- is- it- ix- iż- iz- ic- wieħed waħda kull din dan dawn dak dik"
        " dawk",
        prepositions="fi f' ta' għal għall- ma' mal- minn mill- bi b' bil- fil- tal- sal- lil sa"
        " bla bħal bejn fuq taħt wara qabel quddiem ħdejn lejn kontra waqt",
        negations="ma m' mhux qatt la",
        pronouns="jien jiena int inti aħna intom",
        conjunctions="u jew imma iżda għax għaliex li jekk meta waqt filwaqt biex għalkemm fejn min"
        " kif",
        auxiliaries="kien kienet kienu hu hi huwa hija huma se qed sejjer jista' għandu għandha",
        titles="sur sinjura sinjur dr dott prof professur re reġina san santa",
    ),
}
