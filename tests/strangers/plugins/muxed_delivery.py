"""A delivery that copies the video to `Name.subtitled.mkv` with all its subtitle tracks inside."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg

from canary_subs import OutputError, Provider, hookimpl

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


class Mux:
    def __init__(self, options, context):
        self.context = context

    def target(self, media):
        folder = self.context.out or media.path.parent
        return folder / f"{media.path.stem}.subtitled.mkv"

    def titles(self, path):
        """The titles of the subtitle tracks in a file, as ffmpeg lists them."""
        shown = subprocess.run(
            [FFMPEG, "-hide_banner", "-i", path], capture_output=True, text=True, check=False
        ).stderr
        blocks = shown.split("Stream #")[1:]
        return [
            line.partition(":")[2].strip()
            for block in blocks
            if "Subtitle" in block
            for line in block.splitlines()
            if line.strip().startswith("title")
        ]

    def find(self, media, track, suffix):
        target = self.target(media)
        if self.context.overwrite or not target.exists():
            return None
        return str(target) if str(track) in self.titles(target) else None

    def deliver(self, media, rendered):
        target = self.target(media)
        keep = target.exists() and not self.context.overwrite
        base = target if keep else media.path
        count = len(self.titles(base))
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as folder:
            command = [FFMPEG, "-v", "error", "-i", base]
            for number, one in enumerate(rendered):
                file = Path(folder, f"{number}{one.suffix}")
                file.write_bytes(one.data)
                command += ["-i", file]
            command += [part for n in range(len(rendered) + 1) for part in ("-map", f"{n}")]
            command += ["-c", "copy"]
            for number, one in enumerate(rendered, count):
                command += [f"-metadata:s:s:{number}", f"title={one.track}"]
            made = Path(folder, "made.mkv")
            done = subprocess.run([*command, made], capture_output=True, text=True, check=False)
            if done.returncode:
                raise OutputError(f"{target}: {done.stderr.strip().splitlines()[-1]}")
            made.replace(target)
        yield str(target)


@hookimpl
def canary_subs_deliveries():
    return [Provider(name="mux", summary="tracks inside a copy of the video", make=Mux)]
