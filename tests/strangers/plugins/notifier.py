"""Notes every change of a job, and every video that is finished, in the file $NOTES."""

import json
import os
from pathlib import Path

from canary_subs import hookimpl


def note(**facts):
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(json.dumps({"process": os.getpid(), **facts}) + "\n")


@hookimpl
def canary_subs_job_changed(job):
    note(hook="job", video=job.path.name, state=job.state, stage=job.stage, reason=job.reason)


@hookimpl
def canary_subs_video_done(outcome):
    note(
        hook="video",
        video=outcome.task.path.name,
        tracks=[str(document.track) for document in outcome.documents],
        cues=sum(len(document.cues) for document in outcome.documents),
        delivered=[Path(place).name for place in outcome.delivered],
        skip=outcome.skip.reason if outcome.skip else None,
        errors=[str(error) for error in outcome.errors],
    )
