"""An engine that gives text without word times."""

from canary_subs import Engine, Provider, Session, Utterance, hookimpl


class PlainEngine(Engine):
    def pairs(self):
        return [("en", "en"), ("en", "de")]

    def open(self, context):
        return PlainSession()


class PlainSession(Session):
    model = "plain-1"

    def recognise(self, requests):
        texts = {"en": "Good evening, everybody.", "de": "Guten Abend allerseits."}
        return [
            [
                Utterance(text=texts[target], span=request.clip.span, language=target)
                for target in request.targets
            ]
            for request in requests
        ]


@hookimpl
def canary_subs_engines():
    return [
        Provider(
            name="plain",
            summary="always the same sentence",
            make=lambda options, context: PlainEngine(),
        )
    ]
