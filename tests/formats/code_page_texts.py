"""Subtitle texts in 34 languages, written for these tests, and the code pages that they came in."""

# ruff: noqa: E501 - a language keeps its lines together.

from __future__ import annotations

import random

#: Some lines of dialogue in each language.
LINES = {
    "fr": "Où étais-tu hier soir ?|Je ne sais pas ce qu'il faut faire.|Ça m'est égal, répondit-elle."
    "|L'hôpital est à côté de la forêt.|C'était déjà trop tard…|Vous êtes sûr, garçon ?",
    "de": "Wo warst du gestern Abend?|Ich weiß nicht, was wir tun können.|Das ist schön, Straße für "
    "Straße.|Er möchte ein großes Stück Käse.|Die Tür war geöffnet.|Natürlich, mein Fräulein.",
    "es": "¿Dónde estabas anoche, señor?|No sé qué podemos hacer mañana.|Mi corazón late más rápido."
    "|Él nunca volvió al jardín.|¡Qué día tan extraño!|También vendrán los niños pequeños.",
    "it": "Perché non sei venuto ieri?|È già troppo tardi per la città.|Non so più che cosa farò."
    "|Così è la vita, papà.|Verrà lunedì con il caffè.|La verità non piace a nessuno.",
    "pt": "Onde você estava ontem à noite?|Não sei o que posso fazer, irmão.|O coração dela não "
    "aguentou.|Amanhã é tarde, então vamos já.|Três cães e uma lição.|Ele também não falará.",
    "nl": "Waar was je gisteravond?|Ik weet niet wat België ervan vindt.|Eén koffie en twee "
    "croissants, graag.|Hij heeft het geërfd van zijn opa.|Zo'n café zoek ik al jaren.|De zeeën zijn leeg.",
    "da": "Hvor var du i går aftes?|Jeg ved ikke, hvad vi skal gøre.|Det er ærgerligt, søde ven."
    "|Pigen løb over åen.|Han får aldrig nok øl.|Så gå dog hjem!",
    "sv": "Var var du i går kväll?|Jag vet inte vad vi ska göra.|Det är så härligt här på ön."
    "|Hon sköt honom för två år sedan.|Vänta på mig, älskling.|Åh, nej!",
    "no": "Hvor var du i går kveld?|Jeg vet ikke hva vi skal gjøre nå.|Det er så fint å være her."
    "|Hun løp over brua på søndag.|Ærlig talt, vær så snill.|Når får jeg se båten?",
    "fi": "Missä sinä olit eilen illalla?|En tiedä mitä meidän pitäisi tehdä.|Hän lähti täältä jo "
    "tänään.|Älä pelkää, ystäväni.|Tämä on hyvä päivä.|Yö on pitkä ja pimeä.",
    "is": "Hvar varstu í gærkvöldi?|Ég veit ekki hvað við eigum að gera.|Það er of seint, því miður."
    "|Hún þekkir hann ekki.|Þú ert góður maður.|Við förum heim á morgun.",
    "pl": "Gdzie byłeś wczoraj wieczorem?|Nie wiem, co możemy zrobić.|Zażółć gęślą jaźń, mówił."
    "|To już się skończyło, śpiąca królewno.|Ładna pogoda, choć pada śnieg.|Chodźmy stąd!",
    "cs": "Kde jsi byl včera večer?|Nevím, co můžeme dělat.|Příliš žluťoučký kůň úpěl."
    "|Už je pozdě, řekla tiše.|Ten člověk není můj otec.|Půjdeš se mnou domů?",
    "sk": "Kde si bol včera večer?|Neviem, čo môžeme robiť.|Ľudia tu už dlho nežijú."
    "|Ďakujem ti, že si prišiel.|Môj otec má veľký dom.|Pôjdeš so mnou späť?",
    "hu": "Hol voltál tegnap este?|Nem tudom, mit tehetnénk.|Őszintén szólva már túl késő."
    "|A fiú éhes, és fáradt is.|Gyere ide, kérlek, hűvös van.|Köszönöm szépen, jó éjszakát.",
    "ro": "Unde ai fost aseară?|Nu ştiu ce să facem acum.|Aşa este viaţa, dragul meu."
    "|Când vine mâine, îţi spun.|Mi-e foame şi sete.|Fata înaltă nu răspunde.",
    "hr": "Gdje si bio sinoć, dječače?|Ne znam što možemo učiniti.|Već je kasno, reče žena."
    "|Čovjek je otišao u šumu.|Hoćeš li doći kući?|Džep mu je bio pun novčića.",
    "sl": "Kje si bil včeraj zvečer?|Ne vem, kaj še lahko storimo.|Človek je odšel v hišo."
    "|Že dolgo te čakam tukaj.|Rad bi šel domov.|Ženska je rekla, da bo deževalo.",
    "et": "Kus sa eile õhtul olid?|Ma ei tea, mida me teha võime.|Õhtul läheme šokolaadi tooma."
    "|Külm öö on väga pikk.|Üks žurnaal on laual.|Ära mine ära!",
    "lv": "Kur tu biji vakar vakarā?|Es nezinu, ko mēs varam darīt.|Viņš nāks mājās rīt."
    "|Šī ir mana māte, paldies.|Jūs jau esat šeit?|Ķirši un āboli ir kurvī.",
    "lt": "Kur tu buvai vakar vakare?|Aš nežinau, ką mums daryti.|Jis jau išėjo į mišką."
    "|Ačiū, kad atėjai šiandien.|Žmogus be ryšio su praeitimi.|Būsiu čia, kol grįši.",
    "mt": "Fejn kont il-bieraħ filgħaxija?|Ma nafx x'għandna nagħmlu.|Huwa żagħżugħ ħafna."
    "|Ġiet tard, bħal dejjem.|Aħna se mmorru d-dar.|Iċ-ċavetta qiegħda hawn.",
    "tr": "Dün gece neredeydin?|Ne yapacağımızı bilmiyorum.|Şimdi çok geç, değil mi?"
    "|Güneş doğarken yola çıktık.|İyi akşamlar, öğretmenim.|Kızım ağlıyor, gelmiş.",
    "ru": "Где ты был вчера вечером?|Я не знаю, что нам делать.|Уже слишком поздно, сказала она."
    "|Это мой отец, а не твой.|Пойдём домой, пожалуйста.|Он никогда не вернётся.",
    "uk": "Де ти був учора ввечері?|Я не знаю, що нам робити.|Вже надто пізно, сказала вона."
    "|Це мій батько, а не твій.|Ходімо додому, її там немає.|Він ніколи не повернеться.",
    "bg": "Къде беше снощи?|Не знам какво да правим.|Вече е твърде късно, каза тя."
    "|Това е моят баща, а не твоят.|Хайде да си ходим вкъщи.|Той никога няма да се върне.",
    "sr": "Где си био синоћ?|Не знам шта можемо да урадимо.|Већ је касно, рече жена."
    "|Човек је отишао у шуму.|Хоћеш ли доћи кући?|Љубав је џиновска реч.",
    "el": "Πού ήσουν χθες το βράδυ;|Δεν ξέρω τι να κάνουμε.|Είναι πολύ αργά, είπε εκείνη."
    "|Αυτός είναι ο πατέρας μου.|Πάμε στο σπίτι, σε παρακαλώ.|Δεν θα γυρίσει ποτέ.",
    "he": "איפה היית אתמול בלילה?|אני לא יודע מה לעשות.|זה כבר מאוחר מדי, היא אמרה."
    "|הוא אבא שלי, לא שלך.|בוא נלך הביתה.|הוא לא יחזור לעולם.",
    "ar": "أين كنت الليلة الماضية؟|لا أعرف ماذا نفعل.|لقد تأخر الوقت كثيرا.|هذا أبي وليس أباك."
    "|هيا نذهب إلى البيت.|لن يعود أبدا.",
    "th": "เมื่อคืนคุณอยู่ที่ไหน|ฉันไม่รู้จะทำอย่างไร|มันสายเกินไปแล้ว|นี่คือพ่อของฉัน|กลับบ้านกันเถอะ|เขาจะไม่กลับมาอีก",
    "ja": "昨日の夜はどこにいたの？|どうしたらいいか分からない。|もう遅すぎると彼女は言った。"
    "|これは私の父です。|家に帰りましょう。|彼は二度と戻らない。",
    "zh": "你昨天晚上在哪里？|我不知道该怎么办。|已经太晚了，她说。|这是我的父亲。|我们回家吧。|他不会再回来了。",
    "zh-TW": "你昨天晚上在哪裡？|我不知道該怎麼辦。|已經太晚了，她說。|這是我的父親。|我們回家吧。"
    "|他不會再回來了。",
    "ko": "어젯밤에 어디 있었어?|우리가 무엇을 해야 할지 모르겠어.|이미 너무 늦었다고 그녀가 말했다."
    "|이분은 나의 아버지예요.|집에 갑시다.|그는 다시는 돌아오지 않아.",
}  # fmt: skip

#: What their files were written in.
PAGES = {
    "fr": "cp1252 mac_roman cp850", "de": "cp1252 cp850", "es": "cp1252", "it": "cp1252",
    "pt": "cp1252", "nl": "cp1252", "da": "cp1252 cp850", "sv": "cp1252", "no": "cp1252",
    "fi": "cp1252", "is": "cp1252", "pl": "cp1250 iso8859_2 cp852",
    "cs": "cp1250 iso8859_2 cp852", "sk": "cp1250 iso8859_2", "hu": "cp1250 iso8859_2",
    "ro": "cp1250 iso8859_2", "hr": "cp1250 iso8859_2", "sl": "cp1250 iso8859_2", "et": "cp1257",
    "lv": "cp1257", "lt": "cp1257", "mt": "iso8859_3", "tr": "cp1254",
    "ru": "cp1251 koi8_r iso8859_5 cp866 mac_cyrillic", "uk": "cp1251 koi8_u",
    "bg": "cp1251 iso8859_5", "sr": "cp1251", "el": "cp1253 iso8859_7 cp737",
    "he": "cp1255 iso8859_8", "ar": "cp1256 iso8859_6", "th": "cp874", "ja": "cp932 euc_jp",
    "zh": "gb18030", "zh-TW": "cp950", "ko": "cp949",
}  # fmt: skip

CASES = [(language, page) for language, pages in PAGES.items() for page in pages.split()]


def subrip(language: str, page: str, cues: int) -> str:
    """A SubRip file of so many cues, with what the page cannot hold left out."""
    chance = random.Random(f"{language} {cues}")
    lines = LINES[language].split("|")
    chosen = lines[:cues] + [chance.choice(lines) for _ in range(cues - len(lines))]
    text = "".join(
        f"{i + 1}\n00:{i // 30:02}:{i % 30 * 2:02},000 --> 00:{i // 30:02}:{i % 30 * 2 + 1:02},900\n"
        f"{line}\n\n"
        for i, line in enumerate(chosen)
    )
    return text.encode(page, "ignore").decode(page)
