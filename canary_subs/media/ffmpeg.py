"""Find the ffmpeg program and run it safely on untrusted files.

A run has no standard input, no shell, no network (`INPUT_OPTIONS`), limited memory, a limit on how
long it may produce no output, and its own session (Ctrl-C reaches only this process, which then
stops ffmpeg). On Linux it is killed when the thread that started it ends.
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

from canary_subs._text import printable

#: The demuxers that media files need. None of them opens a second file or a connection: playlists
#: (hls, dash, concat, imf), scripts (avisynth), devices and file patterns (image2) are left out.
FORMATS = (
    "aac,aax,ac3,ac4,adx,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi,avr,caf,dhav,dts,dtshd,dv,eac3,"
    "flac,flv,gxf,h264,hevc,iamf,ivf,ivr,live_flv,loas,lxf,m4v,matroska,mlp,mods,mov,mp3,mpc,mpc8,"
    "mpeg,mpegts,mpegvideo,mxf,nsv,nut,nuv,ogg,oma,pva,rm,sox,spdif,tak,truehd,tta,ty,voc,w64,wav,"
    "webm,wtv,wv,xwma"
)

#: For every input: read this one file, as media, and nothing else.
INPUT_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}

#: A run that produces no output for this long (a dead network share, an endless loop) is stopped.
STALL_S = 600.0

#: The most memory that a run may allocate; decoding audio takes a few dozen MB.
MEMORY_BYTES = 4 << 30

#: How much of the end of ffmpeg's error output is kept.
_STDERR_BYTES = 8192

#: The component that logs, with an address that differs from run to run: "[mov,mp4 @ 0x55d0] ".
_COMPONENT = re.compile(r"\[[^]]* @ 0x[0-9a-f]+\] ")

# Runs in the child process before ffmpeg replaces it. A `preexec_fn` would do the same, but may
# deadlock if the parent has threads.
_LAUNCHER = """
import ctypes, os, resource, signal, sys
parent, memory, *command = sys.argv[1:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != int(parent):
    sys.exit("the parent process has ended")
resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(command[0], command)
"""


class FFmpegFailed(Exception):
    """A failed run; the message is one line. Callers turn it into an error of their own."""

    def __init__(self, message: str, *, own_error: bool = False) -> None:
        super().__init__(message)
        #: Whether ffmpeg exited with an error of its own, rather than being stopped.
        self.own_error = own_error


@functools.cache
def find() -> str:
    """The program's path: the system's, else the one that imageio-ffmpeg includes.

    Raises `FileNotFoundError` if neither exists.
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
    """The version that the program prints ("5.1.6-0+deb12u1"); empty if it does not run."""
    try:
        output = subprocess.run(
            [binary, "-nostdin", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=True,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.match(r"ffmpeg version n?(\S+)", output)
    return found[1] if found else ""


class _Url(str):
    """A URL that ffmpeg-python can hash: it encodes ``str(url)`` as UTF-8, which may fail."""

    __slots__ = ()

    def __str__(self) -> str:
        return ascii(self)


def url(path: Path) -> str:
    """The path as a URL for ffmpeg, safe with "-", "%", quotes, newlines and "http:" in it.

    FFmpeg takes everything after "file:" literally, so nothing is escaped.
    """
    return _Url(f"file:{path.absolute()}")


def media_input(path: Path, **options: Any) -> Any:
    """An ffmpeg-python node for an untrusted media file."""
    import ffmpeg

    return ffmpeg.input(url(path), **INPUT_OPTIONS, **options)


class Run:
    """One run of ffmpeg, its output read as it arrives; leaving the ``with`` block stops it.

    ``output`` is an ffmpeg-python node that writes to "pipe:". The run is killed when the thread
    that entered the block ends.
    """

    def __init__(
        self, output: Any, *, stall_s: float = STALL_S, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._command = output.global_args(
            "-nostdin", "-hide_banner", "-loglevel", "repeat+error"
        ).compile(cmd=find())
        self._stall_s = stall_s
        self._memory_bytes = memory_bytes
        self._errors: deque[bytes] = deque()

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
            # FFREPORT would make ffmpeg write a log file.
            env={name: value for name, value in os.environ.items() if name != "FFREPORT"},
        )
        self._stderr_reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._stderr_reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._stderr_reader.join()
        assert self._process.stdout is not None and self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()

    def read(self, size: int) -> bytes:
        """Read the next ``size`` bytes of output, fewer only at its end. Raises `FFmpegFailed`."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        data = bytearray()
        while len(data) < size:
            ready, _, _ = select.select([descriptor], [], [], self._stall_s)
            if not ready:
                raise FFmpegFailed(f"ffmpeg produced no output for {self._stall_s:.0f} s")
            part = os.read(descriptor, size - len(data))
            if not part:
                break
            data += part
        return bytes(data)

    def finish(self) -> str:
        """Wait for the end after the last read; return ffmpeg's last error in one line, or "".

        Raises `FFmpegFailed` if it exited with an error.
        """
        try:
            status = self._process.wait(timeout=self._stall_s)
        except subprocess.TimeoutExpired:
            raise FFmpegFailed(f"ffmpeg did not end within {self._stall_s:.0f} s") from None
        self._stderr_reader.join()
        error = self._last_error()
        if status < 0:
            raise FFmpegFailed(f"ffmpeg was killed by signal {-status}")
        if status > 0:
            raise FFmpegFailed(error or f"it exited with status {status}", own_error=True)
        return error

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        kept = 0
        while part := self._process.stderr.read(4096):
            self._errors.append(part)
            kept += len(part)
            while kept - len(self._errors[0]) > _STDERR_BYTES:
                kept -= len(self._errors.popleft())

    def _last_error(self) -> str:
        lines = b"".join(self._errors).decode(errors="replace").split("\n")
        errors = [printable(_COMPONENT.sub("", line).strip()) for line in lines if line.strip()]
        return errors[-1][:300] if errors else ""


def run(output: Any, *, timeout_s: float, output_bytes: int = 1 << 20) -> bytes:
    """Run to the end and return the small output written to "pipe:".

    Raises `FFmpegFailed`, also beyond either limit.
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
