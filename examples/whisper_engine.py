"""OpenAI's Whisper as an engine. Copy this file into the plugin folder, run `pip install
faster-whisper`, and ask for it with `--engine whisper` or `--model whisper:large-v3`.
"""

from dataclasses import dataclass

import canary_subs as cs

LANGUAGES = """af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu
ha haw he hi hr ht hu hy id is it ja ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne
nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz
vi yi yo zh""".split()
UNSPACED = ("ja", "km", "lo", "my", "th", "zh")
MODELS = {"base": 74_000_000, "small": 244_000_000, "large-v3": 1_550_000_000}  # parameters
PRECISIONS = {"auto": "default", "fp32": "float32", "bf16": "bfloat16", "int8": "int8"}


@dataclass(frozen=True)
class RequestOptions:
    beam_size: int = 5


class Whisper(cs.Engine):
    def __init__(self, options, context):
        self.name = context.model or "base"

    def pairs(self):
        return frozenset((language, language) for language in LANGUAGES)

    def models(self):
        about = {"licence": "MIT", "commercial": True, "pairs": self.pairs()}
        for name in dict.fromkeys([self.name, *MODELS]):
            yield cs.ModelCard(name=name, parameters=MODELS.get(name, 0), **about)

    def open(self, context):
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise cs.PluginUnusable("whisper needs `pip install faster-whisper`") from None
        device, _, index = context.device.partition(":")
        kind = PRECISIONS.get(context.precision, context.precision)
        try:
            return WhisperSession(self.name, WhisperModel(self.name, device, int(index or 0), kind))
        except (OSError, RuntimeError, ValueError) as error:
            raise cs.ModelError(f"whisper cannot load {self.name}: {error}") from error


class WhisperSession(cs.Session):
    def __init__(self, name, whisper):
        self.model, self.whisper = f"whisper-{name}", whisper
        self.precision = whisper.model.compute_type

    def recognise(self, requests):
        return [[self.utterance(request)] for request in requests]

    def utterance(self, request):
        segments, _ = self.whisper.transcribe(
            request.clip.samples, language=request.spoken, beam_size=request.options.beam_size,
            initial_prompt=request.previous or None, hotwords=" ".join(request.glossary) or None,
            word_timestamps=True, condition_on_previous_text=False,
        )  # fmt: skip
        span, space = request.clip.span, "" if request.spoken in UNSPACED else " "
        words, last_ms = [], span.start_ms
        for word in (word for segment in segments for word in segment.words if word.word.strip()):
            start_ms, end_ms = (span.start_ms + round(1000 * s) for s in (word.start, word.end))
            start_ms = sorted((last_ms, start_ms, span.end_ms))[1]  # rising, and inside the clip
            last_ms = sorted((start_ms, end_ms, span.end_ms))[1]
            text = word.word.strip()
            if words and not word.word.startswith(space):  # the "-five" of "twenty-five"
                text, start_ms = words[-1].text + text, words.pop().start_ms
            words.append(cs.Word(text=text, start_ms=start_ms, end_ms=last_ms))
        text = space.join(word.text for word in words)
        return cs.Utterance(text=text, span=span, language=request.spoken, words=tuple(words))


@cs.hookimpl
def canary_subs_engines():
    make = {"make": Whisper, "request_options": RequestOptions}
    return [cs.Provider(name="whisper", summary="OpenAI's Whisper, with word times", **make)]
