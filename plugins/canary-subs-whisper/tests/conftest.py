"""The stand-ins as fixtures."""

from whisper_fakes import fakes, folder

__all__ = ["fakes", "folder"]
