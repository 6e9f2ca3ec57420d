from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, cast

import pytest

import failwell
from failwell import Case, DeclarationError, Header, Message, field
from failwell.contract.case import Source
from failwell.contract.declaration import specs_of
from failwell.wire import Detail

Aliased = Annotated[list[int], Header("X-Aliased")]

REFUSED = {
    "bytes": bytes,
    "list": list[int],
    "bare list": list,
    "dict": dict[str, str],
    "Mapping": Mapping[str, int],
    "tuple": tuple[int, int],
    "set": set[str],
    "date": datetime,
    "anything": Any,
    "object": object,
    "literal": Literal["a"],
    "list or None": list[int] | None,
    "Optional list": Optional[list[int]],  # noqa: UP045 - the older form
    "int or bytes": int | bytes,
    "int or str": int | str,
    "bool or str or None": bool | str | None,
}

ACCEPTED = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "int or None": int | None,
    "Optional str": Optional[str],  # noqa: UP045 - the older form
    "int or float": int | float,
    "bool or None": bool | None,
}


def declare(hint: Any, header: str = "X-Name") -> type[failwell.Error]:
    """A class with one header field of type *hint*, as a class statement would make it."""
    annotations = {"bound": cast("Any", Annotated)[hint, Header(header)]}
    return type("SomeError", (failwell.Error,), {"__annotations__": annotations, "__module__": __name__, "bound": None})


@pytest.mark.parametrize("hint", REFUSED.values(), ids=REFUSED)
def test_types_that_a_header_cannot_carry(hint: Any) -> None:
    """
    C2. A header field that is no int, float, bool or str fails with its class: field, type and line are named.
    """
    with pytest.raises(DeclarationError, match=r"SomeError\.bound .* 'X-Name' and may be \S+.* \(.*\.py:\d+\)"):
        declare(hint)


@pytest.mark.parametrize("hint", ACCEPTED.values(), ids=ACCEPTED)
def test_types_that_a_header_can_carry(hint: Any) -> None:
    """
    int, float, bool and str may travel in a header, also when they may be None.
    """
    assert Header("X-Name") == specs_of(declare(hint))[0].mark


def test_the_type_and_the_line_are_named() -> None:
    """
    The problem says what is wrong in the words of the declaration, and where it stands.
    """
    with pytest.raises(DeclarationError) as caught:

        class WideError(failwell.Error):
            limits: Annotated[list[int] | None, Header("X-Limits")] = None

    line = int(str(caught.value).partition(".py:")[2].partition(")")[0])

    assert "WideError.limits is bound to the header 'X-Limits' and may be list[int]" in str(caught.value)
    assert "class WideError" in Path(__file__).read_text(encoding="utf-8").splitlines()[line - 1]


def test_an_alias_is_looked_through() -> None:
    """
    A header field is found behind the name of its type, and refused there as well.
    """
    with pytest.raises(DeclarationError, match=r"BadError\.bad is bound to the header 'X-Aliased' and may be list"):

        class BadError(failwell.Error):
            bad: Aliased


def test_a_mark_inside_a_union() -> None:
    """
    `Annotated[int, Header(...)] | None` is what it looks like.
    """

    class GoodError(failwell.Error):
        wait: Annotated[int, Header("X-Wait")] | None = None

    spec = specs_of(GoodError)[0]

    assert (Header("X-Wait"), int | None) == (spec.mark, spec.hint)


def test_none_in_a_header() -> None:
    """
    A header field that may be None has None as its default: no header says the one, and no header says the other.
    """
    with pytest.raises(DeclarationError, match=r"BadError\.wait may be None, but .* 'X-Wait' it is 5"):

        class BadError(failwell.Error):
            wait: Annotated[int | None, Header("X-Wait")] = 5


@pytest.mark.parametrize("name", ["", "Retry After", "X-Größe", "a:b", "a\r\nb", "a\n"])
def test_names_that_no_header_has(name: str) -> None:
    """
    A header name that HTTP does not allow fails when the class is declared.
    """
    with pytest.raises(DeclarationError, match="no header name"):
        declare(int, name)


@pytest.mark.parametrize("keyword", ["statsu", "codes", "message", "header"])
def test_a_keyword_that_does_not_exist(keyword: str) -> None:
    """
    A typo in a class keyword fails when the class is declared.
    """
    with pytest.raises(TypeError, match=keyword):
        type("BadError", (failwell.Error,), {}, **{keyword: 404})


def test_the_line_of_the_declaration() -> None:
    """
    A class knows the file and line where it is declared.
    """

    class HereError(
        failwell.Error,
        status=404,
        fix="Look elsewhere.",
    ):
        pass

    assert f"{__file__}:{inspect.getsourcelines(HereError)[1]}" == HereError.declared_at


def test_the_docstring() -> None:
    """
    A class keeps its docstring; without one it has its parent's, not a signature.
    """

    class ParentError(failwell.Error):
        """A sentence."""

        message: Message = field(kw_only=False)

    class ChildError(ParentError, status=404): ...

    assert ("A sentence.", "A sentence.") == (ParentError.__doc__, ChildError.__doc__)


def test_keywords_are_given_to_every_case() -> None:
    """
    A fix and a retry rule of the class hold for each of its cases that names none.
    """

    class ManyError(
        failwell.Error,
        status=409,
        fix="A.",
        retry="never",
        cases=(Case("b", 409, fix="B."), Case("c", retry="transient")),
    ): ...

    assert (
        Case(None, 409, fix="A.", retry="never"),
        Case("b", 409, fix="B.", retry="never"),
        Case("c", None, fix="A.", retry="transient"),
    ) == ManyError.cases


def test_sources() -> None:
    """
    A class has the source of its parent, unless it names another or a status, which makes it an HTTP error.
    """

    class LocalError(failwell.Error, source="client", on="late"): ...

    class BelowError(LocalError, on="later"): ...

    class StatusError(LocalError, status=404): ...

    assert ("http", "client", "client", "http") == tuple(
        cls.source for cls in (failwell.Error, LocalError, BelowError, StatusError)
    )


@pytest.mark.parametrize(
    ("case", "declared", "expected"),
    [
        (Case("down", 503), "http", "http"),
        (Case("down", on="network"), "http", "transport"),
        (Case("late", on="timeout"), "http", "transport"),
        (Case("garbled", on="unreadable"), "http", "transport"),
        (Case("late", on="poll_timeout"), "http", "client"),
        (Case("bad", on="configuration"), "job", "client"),
        (Case(on="poll_timeout"), "transport", "transport"),
    ],
    ids=str,
)
def test_sources_of_cases(case: Case, declared: Source, expected: Source) -> None:
    """
    A case of a class that travels is the transport's where no whole answer came, the SDK's own on any other occasion.
    """
    assert expected == case.source(declared)


class EarlyError(failwell.Error, status=404):
    message: Message = field(kw_only=False)
    late: Annotated[LateType | None, Header("X-Late")] = None


class EarlyBadError(failwell.Error, status=404):
    message: Message = field(kw_only=False)
    late: Annotated[LateList | None, Header("X-Late")] = None


LateType = int
LateList = list[int]


def test_names_that_are_declared_further_down() -> None:
    """
    A type that does not exist yet when the class is declared is resolved when it is needed.
    """
    found = failwell.Catalogue("early", base=EarlyError, default=EarlyError, errors=(EarlyError,), envelope=Detail())

    assert (EarlyError, int | None) == (found.default, specs_of(EarlyError)[1].hint)


def test_a_bad_type_that_is_declared_further_down() -> None:
    """
    A header field whose type was not known at first is refused at the latest when the catalogue is built.
    """
    with pytest.raises(DeclarationError, match=r"EarlyBadError\.late"):
        failwell.Catalogue("early", base=EarlyBadError, default=EarlyBadError, errors=(), envelope=Detail())


def test_a_default_that_all_errors_would_share() -> None:
    """
    A list as a default fails when the class is declared, with what to write instead.
    """
    with pytest.raises(
        DeclarationError, match=r"SharedError\.found has the default \[\].*field\(default_factory=list\)"
    ):

        class SharedError(failwell.Error):
            found: list[str] = []  # noqa: RUF012 - it is what the test is about


def test_a_field_without_a_type() -> None:
    """
    A `field()` without a type fails when the class is declared.
    """
    with pytest.raises(DeclarationError, match=r"UntypedError\.found is a field\(\) without a type"):
        type("UntypedError", (failwell.Error,), {"found": field(default=1), "__module__": __name__})


class LateError(failwell.Error, status=404):
    """Its constructor is made when it is first used."""

    message: Message = field(kw_only=False)
    found: list[str] = field(default_factory=list)
    seen: int | None = None


class BelowLateError(LateError):
    """With a field more, declared before its parent was used."""

    more: int = 1


def test_a_constructor_is_there_when_somebody_looks() -> None:
    """
    Whoever looks first, a caller, `inspect`, `dataclasses` or a `match`, finds the constructor and the fields.
    """
    assert "(message: 'Message', *, found: 'list[str]' = <factory>, seen: 'int | None' = None) -> None" == str(
        inspect.signature(LateError)
    )
    assert ["message", "found", "seen", "more"] == [item.name for item in dataclasses.fields(BelowLateError)]
    assert (["a"], 1, 2) == (
        BelowLateError("m", found=["a"]).found,
        BelowLateError("m").more,
        BelowLateError("m", more=2).more,
    )
    match LateError("said"):
        case LateError(message):
            assert "said" == message


def test_a_constructor_is_reached_from_below() -> None:
    """
    `super().__init__` of a class that writes its own constructor is the parent's, not that of the class itself.
    """

    class WrittenError(BelowLateError):
        def __init__(self, number: int) -> None:
            super().__init__(f"number {number}", more=number)

    error = WrittenError(5)

    assert ("number 5", 5, None, 404) == (str(error), error.more, error.seen, error.case.status)


def test_threads_that_use_a_class_first() -> None:
    """
    Threads that make the first errors of a class at the same moment all get whole ones.
    """
    barrier = threading.Barrier(8)

    for round_ in range(20):
        cls = type(f"Round{round_}Error", (LateError,), {"__annotations__": {"team": "str"}, "team": "blue"})

        def first(cls: Any = cls) -> tuple[Any, ...]:
            barrier.wait()
            error = cls("m", seen=1)
            return error.message, error.found, error.seen, error.team

        with ThreadPoolExecutor(8) as pool:
            made = [pool.submit(first) for _ in range(8)]
            assert [("m", [], 1, "blue")] * 8 == [each.result() for each in made]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"status": 4000}, 'status=4000 is no status of HTTP. Write a number from 100 to 599, "4XX" or "5XX"'),
        ({"status": 0}, "status=0 is no status of HTTP"),
        ({"status": "409"}, "status='409' is no status of HTTP"),
        ({"status": "6XX"}, "status='6XX' is no status of HTTP"),
        ({"status": True}, "status=True is no status of HTTP"),
        (
            {"status": (429, 503)},
            "status=(429, 503) is several, and a case has one. Write cases=(Case(status=429), Case(status=503),)",
        ),
        ({"status": [409]}, "status=[409] is several, and a case has one. Write cases=(Case(status=409),)"),
        (
            {"status": 409, "code": ("a", "b")},
            "code=('a', 'b') is several, and a case has one. Write cases=(Case(code='a'), Case(code='b'),)",
        ),
        ({"status": range(500, 600)}, "status=range(500, 600) is no status of HTTP"),
        ({"status": 409, "code": 7}, "code=7 is no text. Write the code as a reply says it, in quotes"),
        ({"status": 409, "retry": "maybe"}, 'retry=\'maybe\' is no kind of retry. Write one of "in_progress", "never"'),
        ({"status": 409, "retry": True}, "retry=True is no kind of retry"),
        ({"status": 409, "source": "htttp"}, 'source=\'htttp\' is no source of errors. Write one of "client", "http"'),
        ({"cases": (Case("a", 409), Case("b", 4000))}, "status=4000 is no status of HTTP"),
    ],
    ids=repr,
)
def test_what_no_reply_can_say(said: dict[str, Any], problem: str) -> None:
    """
    A status, a code, a kind of retry or a source that there is not is told where the class is declared.
    """
    with pytest.raises(DeclarationError) as caught:
        type("OddError", (failwell.Error,), {}, **said)

    assert f"OddError: {problem}" in str(caught.value)
    assert f"({__file__}:" in str(caught.value)
