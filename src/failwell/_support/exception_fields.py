"""Exception fields: exceptions declared like dataclasses, with annotations as arguments and a template as message.

`dataclass` itself is not used: its import takes longer than that of a contract.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform

from failwell._support.frozen import Fields


@dataclass_transform(eq_default=False)
class ExceptionFields(Fields):
    """Mix-in that stands before the base of an exception: annotations are its fields, *template* is its message.

        class PortInUseError(ExceptionFields, ContractError):
            port: int
            host: str = "127.0.0.1"
            template = "Port {port} of {host!r} is in use. Pass --port 0 to take a free one."

    A tuple is listed in a message, "none" if it is empty. Whoever has more to say writes `__str__`.
    """

    template: ClassVar[str]

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.args: tuple[Any, ...] = tuple(
            self.__dict__.setdefault(name, getattr(self, name)) for name in self.__match_args__
        )

    def __str__(self) -> str:
        return self.template.format_map({name: _listed(getattr(self, name)) for name in self.__match_args__})


def _listed(value: Any) -> Any:
    return (", ".join(map(str, value)) or "none") if isinstance(value, tuple) else value
