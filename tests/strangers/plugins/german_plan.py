"""Every video gets a German track too."""

from dataclasses import replace

from canary_subs import Track, hookimpl


@hookimpl
def canary_subs_plan(media, plan):
    return replace(plan, targets=(*plan.targets, Track(("de",))))
