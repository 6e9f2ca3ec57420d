"""YAML 1.2, as OpenAPI documents are written in: `no` is text there, and so are dates and `12:30`."""

from __future__ import annotations

import re
from typing import Any

from failwell.contract.extras import needs

with needs("cli", __name__):
    import yaml

# libyaml reads some ten times faster; a wheel may have come without it.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    "merge": (r"<<", ["<"]),
}
"""What a scalar without quotes is (YAML 1.2, 10.3.2), by its first characters; and merge keys, which documents have."""


class CoreLoader(_Safe):  # type: ignore[misc]  # which of two it is shows at run time
    """A safe loader with the scalars of YAML 1.2, where PyYAML has those of YAML 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form

    def construct_yaml_int(self, node: Any) -> int:
        """0777 is no octal number any more."""
        text = str(self.construct_scalar(node))
        base = {"0x": 16, "0o": 8}.get(text[:2], 10)
        return int(text, base)


for _tag, (_pattern, _first) in CORE.items():
    # The order matters: what may be an int is not asked whether it is a float.
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)
CoreLoader.add_constructor("tag:yaml.org,2002:int", CoreLoader.construct_yaml_int)
CoreLoader.add_constructor("tag:yaml.org,2002:merge", CoreLoader.construct_yaml_str)  # where it is no key


def load_yaml(text: str) -> Any:
    """The value of the document *text*. Raises: yaml.YAMLError, RecursionError, ValueError."""
    return yaml.load(text, CoreLoader)  # noqa: S506 - it is a safe one
