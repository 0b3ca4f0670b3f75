"""The ffmpeg program: which one it is, and running it so that it harms nothing and leaves nothing.

A run has no standard input, no shell, no network (`INPUT_OPTIONS`), a limit on its memory, a limit
on how long it may stay silent, a session of its own (a Ctrl-C reaches us alone, and we end it), and
on Linux it dies with the thread that started it.
"""

from __future__ import annotations

import functools
import os
import re
import select
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

#: The demuxers that media files need. None of them opens a second file or a connection; playlists
#: (hls, dash, concat, imf), scripts (avisynth), devices and file patterns (image2) are left out.
FORMATS = (
    "aac,aax,ac3,ac4,adx,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi,avr,caf,dhav,dts,dtshd,dv,eac3,"
    "flac,flv,gxf,h264,hevc,iamf,ivf,ivr,live_flv,loas,lxf,m4v,matroska,mlp,mods,mov,mp3,mpc,mpc8,"
    "mpeg,mpegts,mpegvideo,mxf,nsv,nut,nuv,ogg,oma,pva,rm,sox,spdif,tak,truehd,tta,ty,voc,w64,wav,"
    "webm,wtv,wv,xwma"
)

#: For every input: read that one file, as media, and nothing else.
INPUT_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}

#: A run that says nothing for so long (a dead network share, an endless loop) is ended.
STALL_S = 600.0

#: What a run may allocate; decoding sound takes a few dozen MB.
MEMORY_BYTES = 4 << 30

#: How much of the end of ffmpeg's complaints is kept.
_STDERR_BYTES = 8192

#: Who complains, with an address that differs from run to run: "[mov,mp4 @ 0x55d0] ".
_SPEAKER = re.compile(r"\[[^]]* @ 0x[0-9a-f]+\] ")

# Runs in the child before ffmpeg takes its place. A `preexec_fn` would do the same, but may
# deadlock where the parent has threads.
_LAUNCHER = """
import ctypes, os, resource, signal, sys
parent, memory, *command = sys.argv[1:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != int(parent):
    sys.exit("the program that wanted this has gone")
resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(command[0], command)
"""


class FFmpegFailed(Exception):
    """A run ended badly; the message is one line. Callers turn it into an error of theirs."""

    def __init__(self, message: str, *, by_itself: bool = False) -> None:
        super().__init__(message)
        #: Whether ffmpeg gave up with an error of its own, rather than being ended.
        self.by_itself = by_itself


@functools.cache
def find() -> str:
    """The program's path: the system's where there is one, else the one imageio-ffmpeg brings.

    Raises `FileNotFoundError` where there is neither.
    """
    system = shutil.which("ffmpeg")
    if system is not None and version(system):
        return system
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        raise FileNotFoundError(
            "no ffmpeg was found: install it, or the package imageio-ffmpeg"
        ) from None


@functools.cache
def version(binary: str) -> str:
    """What the program calls its version ("5.1.6-0+deb12u1", "9.0.2"); empty if it does not run."""
    try:
        said = subprocess.run(
            [binary, "-nostdin", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=True,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.match(r"ffmpeg version n?(\S+)", said)
    return found[1] if found else ""


class _Url(str):
    """ffmpeg-python hashes ``str(url)`` as UTF-8; a name of other bytes has no such form."""

    __slots__ = ()

    def __str__(self) -> str:
        return ascii(self)


def url(path: Path) -> str:
    """The path as ffmpeg takes it whatever it contains: "-", "%", quotes, newlines, "http:".

    Nothing after "file:" has a meaning to FFmpeg, so nothing is escaped.
    """
    return _Url(f"file:{path.absolute()}")


def media_input(path: Path, **options: Any) -> Any:
    """A node of ffmpeg-python for a media file that is not trusted."""
    import ffmpeg

    return ffmpeg.input(url(path), **INPUT_OPTIONS, **options)


def one_line(text: str) -> str:
    """Text from outside made fit for a message: what cannot be printed is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


class Run:
    """One run of ffmpeg whose output is read as it comes; leaving the ``with`` block ends it.

    ``output`` is a node of ffmpeg-python that writes to "pipe:". The run dies with the thread that
    entered the block.
    """

    def __init__(
        self, output: Any, *, stall_s: float = STALL_S, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._command = output.global_args(
            "-nostdin", "-hide_banner", "-loglevel", "repeat+error"
        ).compile(cmd=find())
        self._stall_s = stall_s
        self._memory_bytes = memory_bytes
        self._complaints: deque[bytes] = deque()

    def __enter__(self) -> Run:
        command = self._command
        if os.name == "posix":
            command = [
                *(sys.executable, "-I", "-S", "-c", _LAUNCHER),
                *(str(os.getpid()), str(self._memory_bytes)),
                *command,
            ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            # FFREPORT would have ffmpeg write a log file.
            env={name: value for name, value in os.environ.items() if name != "FFREPORT"},
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        assert self._process.stdout is not None and self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes of output, fewer only at its end. Raises `FFmpegFailed`."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        data = bytearray()
        while len(data) < size:
            ready, _, _ = select.select([descriptor], [], [], self._stall_s)
            if not ready:
                raise FFmpegFailed(f"ffmpeg gave nothing for {self._stall_s:.0f} s")
            part = os.read(descriptor, size - len(data))
            if not part:
                break
            data += part
        return bytes(data)

    def finish(self) -> str:
        """Wait for the end after the last read; what ffmpeg complained of, in one line, or "".

        Raises `FFmpegFailed` where it ended with an error.
        """
        try:
            status = self._process.wait(timeout=self._stall_s)
        except subprocess.TimeoutExpired:
            raise FFmpegFailed(f"ffmpeg did not end within {self._stall_s:.0f} s") from None
        self._listener.join()
        complaint = self._last_complaint()
        if status < 0:
            raise FFmpegFailed(f"ffmpeg was ended by signal {-status}")
        if status > 0:
            raise FFmpegFailed(complaint or f"it ended with status {status}", by_itself=True)
        return complaint

    def _listen(self) -> None:
        assert self._process.stderr is not None
        kept = 0
        while part := self._process.stderr.read(4096):
            self._complaints.append(part)
            kept += len(part)
            while kept - len(self._complaints[0]) > _STDERR_BYTES:
                kept -= len(self._complaints.popleft())

    def _last_complaint(self) -> str:
        lines = b"".join(self._complaints).decode(errors="replace").split("\n")
        said = [one_line(_SPEAKER.sub("", line).strip()) for line in lines if line.strip()]
        return said[-1][:300] if said else ""


def run(output: Any, *, timeout_s: float, output_bytes: int = 1 << 20) -> bytes:
    """Run to the end and return what was written to "pipe:", of which there may be little.

    Raises `FFmpegFailed`, also past either limit.
    """
    deadline = time.monotonic() + timeout_s
    with Run(output, stall_s=timeout_s) as running:
        data = bytearray()
        while part := running.read(4096):
            data += part
            if len(data) > output_bytes:
                raise FFmpegFailed(f"it wrote more than {output_bytes} bytes")
            if time.monotonic() > deadline:
                raise FFmpegFailed(f"it did not end within {timeout_s:.0f} s")
        running.finish()
    return bytes(data)
