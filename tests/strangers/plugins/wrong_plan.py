"""A plan hook that gives the targets instead of a plan, or a plan with a wrong field."""

import os
from dataclasses import replace

from canary_subs import Choice, hookimpl

WRONG = {
    "engine": "plain",
    "targets": ("en", "de"),
    "writers": [Choice(name="srt")],
    "glossary": "Emma",
    "aligner": "ctc",
}


@hookimpl
def canary_subs_plan(media, plan):
    name = os.environ["WRONG_FIELD"]
    return replace(plan, **{name: WRONG[name]}) if name else plan.targets
