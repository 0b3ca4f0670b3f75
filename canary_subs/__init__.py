"""Subtitles in every language that was asked for, beside every video that lands in a folder."""

from canary_subs.hookspecs import Provider, hookimpl

__version__ = "0.1.0"

__all__ = ["Provider", "__version__", "hookimpl"]
