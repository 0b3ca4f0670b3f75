"""Print a video's cues as they are recognised: python print_cues.py VIDEO [LANGUAGE ...]"""

import sys

from canary_subs import listen
from canary_subs.errors import CanarySubsError
from canary_subs.time import clock

video, *languages = sys.argv[1:] or sys.exit(__doc__)
try:
    for language, cue in listen(video, to=languages or ["original"], model="demo"):
        print(f"{clock(cue.start_ms)}  {language}  {' / '.join(cue.lines)}", flush=True)
except CanarySubsError as error:
    sys.exit(f"print_cues: {error}")
