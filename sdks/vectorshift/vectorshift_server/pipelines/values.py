"""Values that travel in pipelines: what JSON can carry, and not more of it than a server can."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator

from vectorshift_server.pipelines.wires import MOST_CHARACTERS, NodeError

MOST_VALUES = 100_000
"""Values that a node may be given, or give, those in lists and objects counted."""


def checked(value: Any) -> Any:
    """*value*, if JSON can carry it. Raises: ValueError."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        raise ValueError("must not have NaN, an infinity, or half of a character") from None
    return value


Values = Annotated[dict[str, Any], AfterValidator(checked)]
"""Values by their names."""


def check_size(given: Any) -> None:
    """Let a node go on with what it is given.

    Lists that hold a list twice, which holds another one twice, are small here, and nothing that can be written down.

    Raises:
        NodeError: it has too many values, or too many characters.
    """
    values = characters = 0
    left: list[Any] = [given]
    while left:
        value = left.pop()
        values += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, dict):
            characters += sum(map(len, value))
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        if values + len(left) > MOST_VALUES or characters > MOST_CHARACTERS:
            message = f"It is given more than {MOST_VALUES:,} values, or {MOST_CHARACTERS:,} characters."
            raise NodeError(f"{message} Give it less.")
