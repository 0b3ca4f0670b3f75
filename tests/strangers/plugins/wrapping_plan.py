"""A hook wrapper, which pluggy knows and canary_subs does not take."""

from canary_subs import hookimpl


@hookimpl(wrapper=True)
def canary_subs_plan(media, plan):
    return (yield)
