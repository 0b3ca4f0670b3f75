"""The names of a video's folder go into its glossary; trailers are left alone."""

from dataclasses import replace

from canary_subs import Skip, hookimpl


@hookimpl
def canary_subs_plan(plan, media):
    if "trailer" in media.path.name.lower():
        return Skip(rule="trailer", reason="it is a trailer")
    names = media.path.with_suffix(".names")
    if not names.exists():
        return None
    return replace(plan, glossary=(*plan.glossary, *names.read_text().split()))
