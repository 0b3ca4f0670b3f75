"""A plan hook that gives the targets instead of the plan."""

from canary_subs import hookimpl


@hookimpl
def canary_subs_plan(media, plan):
    return plan.targets
