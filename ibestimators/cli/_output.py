"""What the command line prints and writes."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ibestimators.cli._errors import InputError

_ENDINGS = {
    ("compare", "output"): (".png", ".svg", ".pdf"),
    ("predict", "output"): (".csv",),
    ("compare", "report"): (".html",),
    ("diagnose", "report"): (".html",),
    ("compare", "save_best"): (".skops",),
}


def say(text: str, end: str = "\n") -> None:
    """Print, if somebody still reads: a closed pipe must not stop the files that follow."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def print_results(*results: Any) -> None:
    """Print results as tables that fit the terminal."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals without ±
    is_terminal = sys.stdout is not None and sys.stdout.isatty()  # None where it is closed
    width = shutil.get_terminal_size().columns if is_terminal else None
    for result in results:
        say(result.to_text(width))


def check_files(options: argparse.Namespace) -> None:
    """Raise an error if an output cannot be written."""
    for (command, name), endings in _ENDINGS.items():
        path = getattr(options, name, None)
        if command == options.command and path is not None:
            option = f"--{name.replace('_', '-')}"
            if path.suffix not in endings:
                *others, last = endings
                wanted = f"{', '.join(others)} or {last}" if others else last
                raise InputError(f"{option} {path}: must end in {wanted}")
            _check_writable(option, path)


def _check_writable(option: str, path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InputError(f"{option} {path}: no such folder")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: cannot be written")
