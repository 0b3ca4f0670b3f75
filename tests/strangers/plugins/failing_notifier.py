"""A notifier whose server is away."""

from canary_subs import hookimpl


@hookimpl
def canary_subs_job_changed(job):
    raise ConnectionError("the server is away")


@hookimpl
def canary_subs_video_done(outcome):
    raise ConnectionError("the server is away")
