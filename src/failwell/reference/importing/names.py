"""Python identifiers for names of a document: valid, and used by nobody else."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container

from failwell.contract import Error
from failwell.contract.case import phrase

SHORTER = {
    407: "ProxyAuthentication",
    418: "Teapot",
    421: "Misdirected",
    422: "Unprocessable",
    429: "RateLimit",
    431: "HeadersTooLarge",
    500: "InternalServer",
    501: "NotImplementedByServer",
    511: "NetworkAuthentication",
}
"""What classes are called that are not called by the phrase of their status."""

RANGES = {"4XX": "ClientError", "5XX": "ServerError"}

NO_WORDS = frozenset(
    {"api", "rest", "openapi", "official", "reference", "the", "spec", "specification", "s", "v1", "v2"}
)
"""Words of a title that say nothing about whose API it is."""

TAKEN = frozenset(name for name in dir(Error) if not name.startswith("_")) | {
    *("message", "code", "status"),
    *Error.__annotations__,
    # In the body of a class these would stand for the field.
    *("str", "int", "float", "bool", "list", "dict", "field", "failwell"),
}
"""What an error has already, or what its declaration needs."""


def class_name(status: str) -> str:
    """What the class of *status* is called."""
    if status in RANGES:
        return RANGES[status]
    spoken = "".join(map(str.capitalize, phrase(int(status)).split()))
    return f"{SHORTER.get(int(status)) or spoken or f'Status{status}'}Error"


def words(text: str) -> list[str]:
    """The words of *text*, also where capitals alone part them; ASCII letters and digits only."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", parted)]


def vendor_words(title: str) -> list[str]:
    """The words that name the vendor of an API with this *title*, in its own capitals."""
    telling = [word for word in re.findall(r"[A-Za-z0-9]+", title) if word.lower() not in NO_WORDS]
    return telling[:2] or ["api"]


def vendor_name(vendor: list[str]) -> str:
    """The name of a catalogue: "github"."""
    return "_".join(vendor).lower()


def base_name(vendor: list[str], taken: Container[str]) -> str:
    """What the base class of a vendor is called: none of the classes, and nothing that Python has."""
    name = "".join(word[:1].upper() + word[1:] for word in vendor) + "Error"
    while name in taken or hasattr(builtins, name) or not name.isidentifier():
        name = f"Api{name}"
    return name


def field_name(key: str, taken: Container[str]) -> str:
    """An attribute for the property *key*: in snake_case, no keyword, and not in *taken*."""
    name = "_".join(words(key)) or "field"
    if name[0].isdigit():
        name = f"field_{name}"
    if keyword.iskeyword(name) or name in TAKEN:
        name += "_"
    numbered, number = name, 1
    while numbered in taken:
        number += 1
        numbered = f"{name.rstrip('_')}_{number}"
    return numbered
