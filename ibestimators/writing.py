"""Files that are written whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, which then replaces the file."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # with default permissions
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
