"""Frozen values: immutable and compared by value, like frozen dataclasses but cheap to declare.

`dataclass` compiles source for every class, and its own import takes longer than that of a whole contract.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

from failwell._support.lazy import annotations_of, dataclass_like


class Fields:
    """Base of a class whose annotations are its fields, and what its constructor takes."""

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()
    _known: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        names = annotations_of(cls)
        cls.__match_args__ = tuple(dict.fromkeys((*cls.__match_args__, *names)))  # type: ignore[misc]  # made here
        for name in names:
            if isinstance(cls.__dict__.get(name), FunctionType):  # a default, not a method
                setattr(cls, name, staticmethod(cls.__dict__[name]))
        cls._known = frozenset(cls.__match_args__)
        cls._required = frozenset(name for name in cls._known if not hasattr(cls, name))

    def __init__(self, *args: Any, **given: Any) -> None:
        held = self.__dict__
        if args:
            held.update(zip(self.__match_args__, args, strict=False))
        if given:
            held.update(given)
        twice_or_too_many = len(held) != len(args) + len(given)
        if twice_or_too_many or not self._known.issuperset(given) or not self._required.issubset(held):
            self._refuse(args, given)

    def _refuse(self, args: tuple[Any, ...], given: dict[str, Any]) -> NoReturn:
        takes = ", ".join(name if name in self._required else f"{name}=..." for name in self.__match_args__)
        got = ", ".join([f"{len(args)} positional" if args else "", *given]).strip(", ") or "nothing"
        raise TypeError(f"{type(self).__name__}({takes}) was given {got}.")


@dataclass_transform(frozen_default=True)
class Frozen(Fields):
    """Base of values. `dataclasses.replace`, `fields` and `asdict` know them too."""

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Frozen)
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        self._refuse_change(name)

    def __delattr__(self, name: str) -> NoReturn:
        self._refuse_change(name)

    def _refuse_change(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed. Make a new one: replace(...).")

    def __setstate__(self, state: dict[str, Any] | list[Any]) -> None:
        # Pickles of release 0.1 hold a list, in the order of the fields.
        held = dict(zip(self.__match_args__, state, strict=False)) if isinstance(state, list) else state
        self.__dict__.update(held)

    __dataclass_fields__: ClassVar[Any]
    __signature__: ClassVar[Any]


V = TypeVar("V", bound=Frozen)


def changed(value: V, **changes: Any) -> V:
    """A copy of *value* with *changes*: `dataclasses.replace` without its import."""
    kept = {name: getattr(value, name) for name in value.__match_args__ if name not in changes}
    return type(value)(**kept, **changes)


class _Fields:
    """The fields of a value, as `dataclasses` wants them; made when somebody asks."""

    def __get__(self, value: Frozen | None, cls: type[Frozen]) -> Any:
        return _twin(cls).__dict__["__dataclass_fields__"]


class _Signature:
    """How a value is made, for `inspect` and `help`."""

    def __get__(self, value: Frozen | None, cls: type[Frozen]) -> Any:
        from inspect import signature

        return signature(_twin(cls))


def _twin(cls: type[Frozen]) -> type:
    """The dataclass that *cls* would be."""
    known: type | None = cls.__dict__.get("_twin_of_its_own")
    if known is None:
        annotations: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            annotations.update(annotations_of(base) if issubclass(base, Frozen) and base is not Frozen else {})
        body = {name: _default(getattr(cls, name)) for name in annotations if hasattr(cls, name)}
        known = dataclass_like(cls, annotations, body, frozen=True)
        cls._twin_of_its_own = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _default(value: Any) -> Any:
    """*value* as the default of a dataclass's field, which refuses what has no hash: a mapping, say."""
    from dataclasses import field

    return value if type(value).__hash__ is not None else field(default_factory=lambda: value)


Frozen.__dataclass_fields__ = _Fields()
Frozen.__signature__ = _Signature()
