"""Constructor parameters, each declared in one place: default, allowed values, meaning.

``parameter`` declares a parameter as a dataclass field; ``estimator`` turns a class into one
whose ``__init__``, scikit-learn parameter constraints and numpydoc ``Parameters`` section all
come from these declarations.
"""

from __future__ import annotations

import inspect
import textwrap
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


def parameter(default: Any, allowed: list[Any], kind: str, doc: str) -> Any:
    """Declare a constructor parameter.

    Parameters
    ----------
    default : object
        The default, an immutable.
    allowed : list
        scikit-learn parameter constraints; the value must meet one of them.
    kind : str
        The type as numpydoc writes it.
    doc : str
        The meaning, with units and shapes.
    """
    return field(default=default, metadata={"allowed": allowed, "kind": kind, "doc": doc})


# Not as a field specifier: type checkers would look for the default among keywords alone.
@dataclass_transform(kw_only_default=True, eq_default=False)
def estimator(cls: type[T]) -> type[T]:
    """Give a class its constructor, parameter constraints and documentation.

    A docstring gets its ``Parameters`` and ``Attributes`` sections in the
    place of the word ``{sections}``.
    """
    # A dataclass takes the fields of its bases whole, inherited ones too, from the
    # last base to the first: whichever base redeclares a default must come first.
    cls = dataclass(kw_only=True, eq=False, repr=False)(cls)
    own: Any = cls
    own._parameter_constraints = {f.name: f.metadata["allowed"] for f in fields(own)}
    if cls.__doc__ and "{sections}" in cls.__doc__:
        cls.__doc__ = inspect.cleandoc(cls.__doc__).replace("{sections}", _sections(own))
    return cls


def _sections(cls: Any) -> str:
    parameters = [
        _entry(f"{f.name} : {f.metadata['kind']}, default={f.default!r}", f.metadata["doc"])
        for f in fields(cls)
    ]
    attributes = [
        _entry(f"{name} : {kind}", doc)
        for base in reversed(cls.__mro__)
        for name, kind, doc in vars(base).get("_attribute_docs", ())
    ]
    return "\n".join(
        ["Parameters", "----------", *parameters, "", "Attributes", "----------", *attributes]
    )


def _entry(head: str, doc: str) -> str:
    body = textwrap.fill(" ".join(doc.split()), 76)
    return f"{head}\n{textwrap.indent(body, '    ')}"
