"""The order of the gallery: that in which the guide names its examples."""

import re
from pathlib import Path

GUIDE = Path(__file__).parent / "guide"


def named() -> list[str]:
    """File names of the examples, in the order of the guide."""
    pages = re.findall(r"^(\w+)$", (GUIDE / "index.md").read_text(), re.MULTILINE)
    texts = ((GUIDE / f"{page}.md").read_text() for page in pages)
    return [name for text in texts for name in re.findall(r"`examples/(plot_\w+\.py)`", text)]


class GuideOrder:
    """Sort key of sphinx-gallery; what the guide does not name comes last."""

    def __init__(self, src_dir: str) -> None:
        self.names = named()

    def __call__(self, filename: str) -> tuple[int, str]:
        known = filename in self.names
        return self.names.index(filename) if known else len(self.names), filename
