"""An engine that uses what was said before, a glossary, and options of its own.

It has two models, so that `--model prompted:large` can be asked for.
"""

from dataclasses import dataclass

from canary_subs import Engine, ModelCard, Provider, Session, Utterance, hookimpl


@dataclass(frozen=True)
class Options:
    """What another model is loaded for."""

    folder: str = "models"


@dataclass(frozen=True)
class RequestOptions:
    """What goes with each request."""

    style: str = "plain"


class Prompted(Engine):
    def __init__(self, options, context):
        self.name = context.model or "small"
        self.folder = options.folder

    def pairs(self):
        return [("en", "en")]

    def models(self):
        names = [self.name] + [name for name in ("small", "large") if name != self.name]
        for name in names:
            yield ModelCard(
                name=name, licence="MIT", commercial=True, pairs=frozenset(self.pairs())
            )

    def open(self, context):
        return PromptedSession(f"{self.folder}/{self.name}")


class PromptedSession(Session):
    batch_ms = 1  # a call for each segment, so that each comes with all the text before it

    def __init__(self, model):
        self.model = model

    def recognise(self, requests):
        return [[self.utterance(request)] for request in requests]

    def utterance(self, request):
        said = [request.video.stem, self.model, request.options.style, *request.glossary]
        said.append(f"after-{len(request.previous.split())}-words")
        return Utterance(text=" ".join(said), span=request.clip.span, language="en")


@hookimpl
def canary_subs_engines():
    return [
        Provider(
            name="prompted",
            summary="repeats what it is asked",
            make=Prompted,
            options=Options,
            request_options=RequestOptions,
        )
    ]
