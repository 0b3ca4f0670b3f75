"""Random transcripts in several scripts, for property tests.

The environment variable ``EXAMPLES`` sets how many each property gets (10000 to be thorough).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from unicodedata import category

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from canary_subs.model import Span, Timing, Transcript, Utterance, Word

thorough = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Script:
    language: str
    letters: str
    marks: str
    longest: int = 14


SCRIPTS = (
    Script("en", "aeiounrstlThE'", ".,?!;"),
    Script("de", "aeiounrstläöüßDEW", ".,?!:", 25),
    Script("fr", "aeiouéèçnrstl'’«»", ".,?!…"),
    Script("ru", "оеаинтсрвлкмЖПС", ".,?!—"),
    Script("el", "αειονστρκμΑΘ", ".,;·"),
    Script("he", "אבגדהוזחטיכלמנ\u200f\u202b\u202c", ".,?!"),
    Script("ar", "ابتثجحخدذرزس\u064b\u0651", "،؟."),
    Script("hi", "कखगघचछजझािीु्", "।,?"),
    Script("vi", "ae\u0301o\u0302\u0301u\u0323nth", ".,?!"),
    Script("ja", "あいうえおはがのっャ日本語東京", "。、？」「", 60),
    Script("zh", "你好世界天地玄黄宇宙洪荒A1", "。，？", 60),
    Script("th", "กขคงจฉชซะาิีุู", " ", 60),
    Script("ko", "가나다라마바사아자차", ".,?!"),
    Script("xx", "a😀👩\u200d👩\u200d👧🇩🇪é漢", ".!"),
)


def texts(script: Script) -> st.SearchStrategy[str]:
    """Words of a script, some with punctuation, a few much wider than a line."""
    plain = st.text(script.letters, min_size=1, max_size=script.longest)
    usual = st.builds(
        lambda word, mark: word + mark, plain, st.sampled_from(["", "", "", *script.marks.strip()])
    )
    odd = st.one_of(
        st.text(script.letters, min_size=40, max_size=130),
        st.sampled_from(["a", "I", "1990", "–", "...", "Mr.", "\u200b", "x\u0301" * 50]),
    )
    # No script begins a word with a combining mark, and its width there is undefined.
    return st.one_of(*[usual] * 12, odd).filter(lambda word: category(word[0])[0] != "M")


@st.composite
def transcripts(draw: st.DrawFn, *, human: bool) -> Transcript:
    """One to four utterances; ``human``: rising times and speeds that people reach."""
    script = draw(st.sampled_from(SCRIPTS))
    utterances: list[Utterance] = []
    now = draw(st.integers(0, 5000))
    for _ in range(draw(st.integers(1, 4))):
        count = draw(st.integers(0, 30))
        words: list[Word] = []
        chosen = draw(st.lists(texts(script), min_size=count, max_size=count))
        for text in chosen:
            if human:
                start = now + draw(st.sampled_from([0, 0, 0, 30, 120, 400, 900, 2500]))
                # 45 ms a character is 22 characters a second, without a pause.
                length = draw(st.integers(45, 120)) * (len(text) + 1)
                now = start + length
            else:
                start = max(0, now + draw(st.integers(-300, 1500)))
                length = draw(st.sampled_from([0, 0, 1, 80, 300, 9000]))
                now = start + draw(st.sampled_from([0, length]))
            confidence = draw(st.sampled_from([None, 0.0, 0.5, 1.0]))
            words.append(
                Word(text=text, start_ms=start, end_ms=start + length, confidence=confidence)
            )
        times = [w.start_ms for w in words] + [w.end_ms for w in words] or [now]
        utterances.append(
            Utterance(
                text=" ".join(chosen),
                span=Span(start_ms=min(times), end_ms=max(times)),
                language=script.language,
                words=tuple(words),
                timing=Timing.CTC,
            )
        )
    return Transcript(
        language=script.language,
        spoken=script.language,
        engine="test",
        model="test",
        utterances=tuple(utterances),
    )


def transcript(
    text: str,
    *,
    language: str = "en",
    start_ms: int = 1000,
    each_ms: int = 60,
    pauses_ms: dict[int, int] | None = None,
) -> Transcript:
    """``text`` spoken at ``each_ms`` a character; ``pauses_ms``: word index -> pause before it."""
    words: list[Word] = []
    now = start_ms
    for index, word in enumerate(text.split()):
        now += (pauses_ms or {}).get(index, 0)
        end = now + each_ms * (len(word) + 1)
        words.append(Word(text=word, start_ms=now, end_ms=end))
        now = end
    span = Span(start_ms=start_ms, end_ms=now)
    utterance = Utterance(
        text=text, span=span, language=language, words=tuple(words), timing=Timing.CTC
    )
    return Transcript(
        language=language,
        spoken=language,
        engine="test",
        model="test",
        utterances=(utterance,),
    )
