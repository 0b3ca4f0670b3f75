"""Find the ffmpeg program and run it safely on untrusted files.

A run has no standard input, no shell, no network (`INPUT_OPTIONS`), limited memory, a limit on how
long it may produce no output, and its own session (Ctrl-C reaches only this process, which then
stops ffmpeg). On Linux it is killed when the thread that started it ends.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from canary_subs._text import printable

log = logging.getLogger(__name__)

#: The demuxers that media files need. None of them opens a second file or a connection: playlists
#: (hls, dash, concat, imf), scripts (avisynth), devices and file patterns (image2) are left out.
FORMATS = (
    "aac,aax,ac3,ac4,adx,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi,avr,caf,dhav,dts,dtshd,dv,eac3,"
    "flac,flv,gxf,h264,hevc,iamf,ivf,ivr,live_flv,loas,lxf,m4v,matroska,mlp,mods,mov,mp3,mpc,mpc8,"
    "mpeg,mpegts,mpegvideo,mxf,nsv,nut,nuv,ogg,oma,pva,rm,sox,spdif,tak,truehd,tta,ty,voc,w64,wav,"
    "webm,wtv,wv,xwma"
)

#: For every input: read this one file, as media, and nothing else; no picture larger than 8K.
INPUT_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "max_pixels": str(8192 * 4608),
}

#: A run that produces no output for this long (a dead network share, an endless loop) is stopped.
STALL_S = 600.0

#: The most memory that a run may allocate; decoding audio takes a few dozen MB.
MEMORY_BYTES = 4 << 30

#: How much is kept of a line that ffmpeg prints.
_LINE_BYTES = 8192

#: The component that logs, with an address that differs from run to run: "[mov,mp4 @ 0x55d0] ".
_COMPONENT = re.compile(r"\[([^]]*) @ (0x[0-9a-f]+)\] ")

#: "Stream #0:1 -> #0:0 (aac (native) -> pcm_s16le (native))": what is decoded as what.
_MAPPED = re.compile(r"^Stream #0:\d+ -> #\d+:\d+ \((\S+) \(\S+\) -> pcm_s16le")
#: "tb:1/16000 samplefmt:fltp samplerate:16000 chlayout:mono": what the decoder gives.
_RATE = re.compile(r"^tb:\S+ samplefmt:\S+ samplerate:(\d+) ")
#: "Input stream #0:1 (audio): 357 packets read (92977 bytes); 355 frames decoded; 1 decode errors
#: (363520 samples); ", in older versions without the errors.
_READ = re.compile(r"^Input stream .*\(audio\): (\d+) packets read .* decoded.* \((\d+) samples\)")

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

    def __init__(
        self, message: str, *, own_error: bool = False, stalled: bool = False, killed: bool = False
    ) -> None:
        super().__init__(message)
        #: Whether nothing came of it for too long.
        self.stalled = stalled
        #: Whether the system ended it, as it does where memory runs out.
        self.killed = killed
        #: Whether ffmpeg exited with an error of its own, rather than being stopped.
        self.own_error = own_error


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """An ffmpeg program that runs."""

    path: str
    #: Where it comes from: "the system's", "from imageio-ffmpeg".
    origin: str
    #: As it prints it: "5.1.6-0+deb12u1".
    version: str
    #: Of its libavcodec: comparable, also for builds that are named by date or commit.
    codecs: tuple[int, ...]

    @property
    def is_old(self) -> bool:
        """Whether it is older than the libraries that probe, so that the two may disagree."""
        import av

        probing: tuple[int, ...] = av.library_versions["libavcodec"]
        return self.codecs < probing


@functools.cache
def programs() -> tuple[Program, ...]:
    """The ffmpeg programs that run here, the newest first; of equal ones the system's first.

    Old ones turn some files into noise without an error: 24-bit PCM in MP4 with FFmpeg 5.1.
    """
    import imageio_ffmpeg

    places = [(shutil.which("ffmpeg"), "the system's")]
    try:
        places.append((str(imageio_ffmpeg.get_ffmpeg_exe()), "from imageio-ffmpeg"))
    except RuntimeError:
        log.debug("imageio-ffmpeg includes no program for this system")
    found: dict[str, Program] = {}
    for path, origin in places:
        if path is not None and path not in found and (said := version(path)):
            codecs = codecs_version(path)
            found[path] = Program(path=path, origin=origin, version=said, codecs=codecs)
    return tuple(sorted(found.values(), key=lambda one: one.codecs, reverse=True))


def find() -> str:
    """The path of the newest ffmpeg program. Raises `FileNotFoundError` if there is none."""
    if not programs():
        raise FileNotFoundError("no ffmpeg was found: install it, or the package imageio-ffmpeg")
    return programs()[0].path


def version(binary: str) -> str:
    """The version that the program prints ("5.1.6-0+deb12u1"); empty if it does not run."""
    found = re.match(r"ffmpeg version n?(\S+)", _said(binary))
    return found[1] if found else ""


def codecs_version(binary: str) -> tuple[int, ...]:
    """The version of the libavcodec that the program runs with; empty if it does not say."""
    # "libavcodec     59. 37.100 / 59. 37.100": built with, runs with.
    found = re.search(r"^libavcodec .*/ *(\d+)\. *(\d+)\. *(\d+)", _said(binary), re.M)
    return tuple(int(number) for number in found.groups()) if found else ()


@functools.cache
def _said(binary: str) -> str:
    """What ``ffmpeg -version`` prints; empty if it does not run."""
    try:
        return subprocess.run(
            [binary, "-nostdin", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=True,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""


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


@dataclass(kw_only=True, slots=True)
class Report:
    """What ffmpeg says about its run, line by line."""

    #: The codec of the stream that is decoded; None before it is known.
    codec: str | None = None
    #: The sample rates of the decoded sound, one after the other.
    rates_hz: list[int] = field(default_factory=list)
    #: Samples of sound that were decoded; None before the end.
    samples: int | None = None
    #: Packets of sound that were read; None before the end.
    packets: int | None = None
    #: Whether the container's duration is a guess by its bit rate.
    is_estimated: bool = False
    #: Its last errors: (the component that says it, in what words).
    errors: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))

    @property
    def decoded_ms(self) -> int | None:
        """How much sound was decoded; None where it cannot be said."""
        if self.samples is None or len(set(self.rates_hz)) != 1:
            return None
        return round(self.samples * 1000 / self.rates_hz[0])

    def add(self, line: str) -> None:
        """Take one line of the output with ``-loglevel level+verbose``."""
        component = " ".join(name for name, _ in _COMPONENT.findall(line))
        level, _, text = _COMPONENT.sub("", line).strip().partition("] ")
        text = text.strip()
        if level in ("[error", "[fatal", "[panic"):
            self.errors.append((component, printable(text)[:300]))
        elif text.startswith("Estimating duration from bitrate"):
            self.is_estimated = True
        elif found := _MAPPED.search(text):
            self.codec = self.codec or found[1]
        elif found := _RATE.search(text):
            self.rates_hz.append(int(found[1]))
        elif found := _READ.search(text):
            self.packets, self.samples = int(found[1]), int(found[2])


class Run:
    """One run of ffmpeg, its output read as it arrives; leaving the ``with`` block stops it.

    ``output`` is an ffmpeg-python node that writes to "pipe:". The run is killed when the thread
    that entered the block ends.
    """

    def __init__(
        self, output: Any, *, stall_s: float = STALL_S, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._command = output.global_args(
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose"
        ).compile(cmd=find())
        self._stall_s = stall_s
        self._memory_bytes = memory_bytes
        #: What it has said so far; complete after `finish`.
        self.report = Report()

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
                raise FFmpegFailed(
                    f"ffmpeg produced no output for {self._stall_s:.0f} s", stalled=True
                )
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
            message = f"ffmpeg did not end within {self._stall_s:.0f} s"
            raise FFmpegFailed(message, stalled=True) from None
        self._stderr_reader.join()
        error = self._last_error()
        if status < 0:
            killed = -status == signal.SIGKILL
            raise FFmpegFailed(f"ffmpeg was killed by signal {-status}", killed=killed)
        if status > 0:
            raise FFmpegFailed(error or f"it exited with status {status}", own_error=True)
        return error

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        rest = b""
        while part := self._process.stderr.read(4096):
            *lines, rest = (rest + part).split(b"\n")
            rest = rest[-_LINE_BYTES:]
            for line in lines:
                self.report.add(line.decode(errors="replace"))
        self.report.add(rest.decode(errors="replace"))

    def _last_error(self) -> str:
        return self.report.errors[-1][1] if self.report.errors else ""


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
