"""Names in prose and docstrings become links, so that the text stays plain wherever it is read.

`ConvClassifier`, `ComparisonResult.plot` or any other public name goes to its API page,
`examples/plot_name.py` to its page in the gallery. What does not exist stays as it is written.
"""

import inspect
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

import ibestimators

EXAMPLES = Path(__file__).parents[1] / "examples"


class LinkNames(SphinxTransform):
    default_priority = 500

    def apply(self, **_: Any) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            linked = isinstance(literal.parent, nodes.reference | pending_xref)
            target = None if linked else self.target(literal.astext())
            if target is not None:
                link = pending_xref("", refdoc=self.env.docname, refwarn=True, **target)
                literal.replace_self(link)
                link += literal

    def target(self, text: str) -> dict[str, Any] | None:
        name, *members = text.removesuffix("()").removeprefix("ibestimators.").split(".")
        if name in ibestimators.__all__ and self.documents(name, members):
            return {
                "refdomain": "py",
                "reftype": "obj",
                "refexplicit": True,
                "reftarget": ".".join(["ibestimators", name, *members]),
            }
        example = re.fullmatch(r"examples/(plot_\w+)\.py", text)
        if example and (EXAMPLES / f"{example[1]}.py").exists():
            return {
                "refdomain": "std",
                "reftype": "doc",
                "reftarget": f"/auto_examples/{example[1]}",
                "refexplicit": False,
            }
        return None

    @staticmethod
    def documents(name: str, members: list[str]) -> bool:
        """Whether a public name, or a member of it, has an entry; a package itself has none."""
        if not members:
            return not inspect.ismodule(getattr(ibestimators, name))
        value = vars(getattr(ibestimators, name)).get(members[0])
        described = callable(value) or isinstance(value, property | classmethod)
        return len(members) == 1 and described and not members[0].startswith("_")


def setup(app: Any) -> dict[str, bool]:
    app.add_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
