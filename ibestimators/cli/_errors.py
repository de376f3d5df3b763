"""Errors that the command line reports in one line."""

from __future__ import annotations

# What data, options and a machine can cause. Others are mistakes of this package.
UNUSABLE = (ValueError, TypeError, ArithmeticError, OSError, MemoryError, RuntimeError)


class InputError(Exception):
    """An error in the input of the user, in one line."""


def one_line(error: Exception) -> str:
    """The message of an error without line breaks, or its name if it has none."""
    return " ".join(str(error).split()) or type(error).__name__
