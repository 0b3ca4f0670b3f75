"""A check whose findings are texts."""

from canary_subs import Provider, hookimpl


class CheckGivesTexts:
    def check(self, request):
        return ["it is too long"]


@hookimpl
def canary_subs_checks():
    return [Provider(name="wrong", summary="wrong", make=lambda *_: CheckGivesTexts())]
