# ruff: noqa: ISC004 - a sentence over two lines is one sentence

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from failwell import Catalogue
from failwell.reference.compat.class_changes import members
from failwell.reference.compat.diff import OtherVendorError, compare
from failwell.reference.compat.snapshot import Facts, facts_of, read, written
from tests.contract.samples import CATALOGUES

RELEASED = (Path(__file__).parent / "shop_errors.txt").read_text(encoding="utf-8")
RULES = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")

Edits = list[tuple[str, str]]


def facts(source: str, monkeypatch: pytest.MonkeyPatch, name: str = "shop_errors") -> Facts:
    """The facts of the catalogue that a module *name* of the text *source* declares, through a file and back."""
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(source, "shop_errors.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    catalogue = module.__dict__["CATALOGUE"]
    assert isinstance(catalogue, Catalogue)
    return read(written(facts_of(catalogue)), "a file")


BREAKING: list[tuple[str, Edits, str]] = [
    (
        "class removed",
        [
            ('class BusyError(ShopError, status=429, retry="throttled"):', "class _Gone(ShopError):"),
            (" BusyError,", ""),
        ],
        "`except BusyError` fails: the class is gone. Its pickles do not load.",
    ),
    (
        "class renamed",
        [("KeyError_", "AuthError")],
        "`except KeyError_` fails: the class is called AuthError now. Its pickles do not load.",
    ),
    (
        "alias removed",
        [("OutOfOrder = BrokenError", "")],
        "`except OutOfOrder` fails: BrokenError has no such other name any more.",
    ),
    (
        "base class",
        [
            ("class ShopError(failwell.Error):", "class Root(failwell.Error):\n    pass\n\n\nclass ShopError(Root):"),
            ("base=ShopError", "base=Root"),
        ],
        "`except ShopError` no longer catches everything: the base class is Root now.",
    ),
    (
        "base changed",
        [("class ConflictError(\n    RequestError,", "class ConflictError(\n    ShopError,")],
        "`except RequestError` no longer catches ConflictError.",
    ),
    (
        "base changed",
        [("class BusyError(ShopError,", "class BusyError(RequestError,")],
        "`except RequestError` catches BusyError too, which it left to other clauses.",
    ),
    (
        "base changed",
        [("class LostError(ShopError,", "class LostError(ShopError, ConnectionError,")],
        "`except builtins.ConnectionError` catches LostError too, which it left to other clauses.",
    ),
    (
        "except clause",
        [('Case("stale", 412)', 'Case(None, 410), Case("stale", 412)')],
        "`except OtherError` no longer catches 410: that is ConflictError now.",
    ),
    (
        "except clause",
        [
            ('Case("duplicate", 409), ', ""),
            (
                "OutOfOrder =",
                'class TakenError(ShopError, code="duplicate", status=409):\n    """Taken."""\n\n\nOutOfOrder =',
            ),
            ("LostError, OtherError)", "LostError, OtherError, TakenError)"),
        ],
        "`except ConflictError` no longer catches 409 duplicate: that is TakenError now.",
    ),
    (
        "except clause",
        [
            ("class OtherError(ShopError):", "class OtherError(ShopError):\n    pass\n\nclass NewError(ShopError):"),
            ("default=OtherError", "default=NewError"),
        ],
        "`except OtherError` no longer catches 100-400, 402-408, 410-428, 430-499: that is NewError now.",
    ),
    (
        "except clause",
        [
            ('Case("duplicate", 409), ', ""),
            (
                "OutOfOrder =",
                'class TakenError(ConflictError, BusyError, code="duplicate", status=409):\n    pass\n\n\nOutOfOrder =',
            ),
            ("LostError, OtherError)", "LostError, OtherError, TakenError)"),
        ],
        "`except BusyError` catches 409 duplicate too, which it left to other clauses.",
    ),
    (
        "except clause",
        [('on="network"', 'on="offline"')],
        "`except LostError` no longer catches network: that is OtherError now.",
    ),
    (
        "source",
        [('source="transport", on="network"', 'source="client", on="network"')],
        "LostError comes from another source: client, it was transport.",
    ),
    (
        "status moved",
        [("KeyError_(RequestError, status=401", "KeyError_(RequestError, status=403")],
        "KeyError_ has the status 403, it had 401.",
    ),
    (
        "code moved",
        [('Case("stale", 412)', 'Case("stale", 409)')],
        'The code "stale" has the status 409, it had 412.',
    ),
    (
        "code removed",
        [(', Case("stale", 412)', "")],
        'Nothing has the code "stale" any more (it had 412).',
    ),
    (
        "attribute removed",
        [("    code: Annotated[str | None, Code()] = None\n", "")],
        "ShopError: `e.code` is gone.",
    ),
    (
        "attribute removed",
        [("def owned", "def taken")],
        "ConflictError: `e.owned` is gone.",
    ),
    (
        "attribute retyped",
        [("owner: Annotated[str | None", "owner: Annotated[int | str | None")],
        "ConflictError: `e.owner` may be something else, too: it is int | str | None, it was str | None.",
    ),
    (
        "attribute retyped",
        [('Literal["sale", "gift"]', 'Literal["sale"]')],
        "ConflictError: `e.kind` has another type: it is Literal['sale'] | None, "
        "it was Literal['sale', 'gift'] | None.",
    ),
    (
        "attribute retyped",
        [
            (
                'retry_after: Annotated[int | None, Header("Retry-After")] = None',
                'retry_after: Annotated[int, Header("Retry-After")] = 0',
            )
        ],
        "BusyError: `e.retry_after` is narrower: it is int, it was int | None.",
    ),
    (
        "attribute moved",
        [('Body("error.owner")', 'Body("error.holder")')],
        "ConflictError: `e.owner` travels elsewhere: body error.holder, it was body error.owner. Older SDKs miss it.",
    ),
    (
        "attribute moved",
        [('Header("Retry-After")', 'Header("X-Wait")')],
        "BusyError: `e.retry_after` travels elsewhere: header X-Wait, it was header Retry-After. Older SDKs miss it.",
    ),
    (
        "attribute default",
        [
            (
                'owner: Annotated[str | None, Body("error.owner")] = None',
                'owner: Annotated[str | None, Body("error.owner")] = ""',
            )
        ],
        "ConflictError: `e.owner` is '' when a reply does not say, it was None.",
    ),
    (
        "constructor",
        [("message: Message = field(kw_only=False)", "message: Message = field()")],
        "ShopError(...): `message` is keyword only, it was positional or keyword.",
    ),
    (
        "constructor",
        [
            (
                "    code: Annotated[str | None, Code()] = None",
                "    code: Annotated[str | None, Code()] = field(missing=None)",
            )
        ],
        "ShopError(...): it asks for `code`, which had a default.",
    ),
    (
        "constructor",
        [
            (
                "    code: Annotated[str | None, Code()] = None",
                "    code: Annotated[str | None, Code()] = None\n"
                "    shop: Annotated[str, Body('shop')] = field(missing='')",
            )
        ],
        "ShopError(...): it asks for `shop`.",
    ),
    (
        "constructor",
        [
            (
                '    owner: Annotated[str | None, Body("error.owner")] = None',
                '    owner: Annotated[str | None, Body("error.owner")] = field(default=None, init=False)',
            )
        ],
        "ConflictError(...): it takes no `owner` any more.",
    ),
    (
        "constructor",
        [("owner: Annotated[str | None, Body", "owner: Annotated[int | None, Body")],
        "ConflictError(...): `owner` may not be str any more, only int | None.",
    ),
    (
        "constructor",
        [
            (
                "    message: Message = field(kw_only=False)",
                "    number: Annotated[int, Local()] = field(default=0, kw_only=False)\n"
                '    message: Message = field(default="", kw_only=False)',
            ),
        ],
        "ShopError(...): its positional arguments are number, message, they were message.",
    ),
    ("retry", [('status=429, retry="throttled"', "status=429")], "A call that meets 429 is not repeated any more."),
    (
        "retry",
        [("status=401, fix", 'status=401, retry="transient", fix')],
        "A call that meets 401 is repeated, it was not.",
    ),
    (
        "retry",
        [('retry="transient"', 'retry="throttled"')],
        "A call that meets 5XX is repeated as throttled, it was as transient.",
    ),
    (
        "retry",
        [(', retry="in_progress"', "")],
        "A call that meets 409 running is not repeated any more.",
    ),
    (
        "retry rule",
        [("max_retries=3", "max_retries=5")],
        "Calls are repeated at most 5 times, it was 3 (`max_retries`).",
    ),
    (
        "retry rule",
        [("max_retries=3", "longest_retry_after=60")],
        "Calls wait for a Retry-After of at most 60 s, it was 120 (`longest_retry_after`).",
    ),
    (
        "keys ignored",
        [('    idempotency="server",\n', "")],
        "The server does not honour idempotency keys: a write whose answer was lost fails.",
    ),
    (
        "header name",
        [("X-Request-ID", "Request-ID")],
        "The request id travels in the header Request-ID, it travelled in X-Request-ID.",
    ),
    (
        "envelope",
        [("envelope=ErrorObject()", "envelope=Problem()")],
        "Errors travel as application/problem+json, they travelled as application/json.",
    ),
    (
        "envelope",
        [("envelope=ErrorObject()", "envelope=FirstOf()")],
        "The envelope may lose details, it kept all of them.",
    ),
    (
        "envelope",
        [("envelope=ErrorObject()", "envelope=Detail()")],
        "A body with message is {'detail': 'MESSAGE'}, "
        "it was {'error': {'code': None, 'message': 'MESSAGE', 'details': {}}}.",
    ),
    (
        "address moved",
        [("https://shop.test/errors", "https://shop.test/faults")],
        "The codes are explained at https://shop.test/faults, they were at https://shop.test/errors.",
    ),
    ("body cap lowered", [("body_cap=8192", "body_cap=100")], "`e.body` keeps 100 bytes of a reply, it kept 8192."),
]

COMPATIBLE: list[tuple[str, Edits, str]] = [
    (
        "class added",
        [
            ("OutOfOrder =", "class SoldError(ConflictError):\n    pass\n\n\nOutOfOrder ="),
            ("LostError, OtherError)", "LostError, OtherError, SoldError)"),
        ],
        "SoldError is new.",
    ),
    (
        "class refined",
        [
            ("OutOfOrder =", "class TeapotError(OtherError, status=418):\n    pass\n\n\nOutOfOrder ="),
            ("LostError, OtherError)", "LostError, OtherError, TeapotError)"),
        ],
        "418 is TeapotError now, which `except OtherError` still catches.",
    ),
    (
        "alias added",
        [("OutOfOrder = BrokenError", "OutOfOrder = Down = BrokenError")],
        "BrokenError is also called Down.",
    ),
    (
        "base added",
        [
            (
                "class KeyError_(RequestError",
                "class AccessError(RequestError):\n    pass\n\n\nclass KeyError_(AccessError",
            ),
            ("KeyError_, Conf", "AccessError, KeyError_, Conf"),
        ],
        "KeyError_ is a AccessError now.",
    ),
    (
        "status added",
        [('status="5XX", retry="transient"', 'status="5XX", retry="transient", cases=(Case(None, 503),)')],
        "BrokenError also has the status 503.",
    ),
    (
        "base class refined",
        [
            ("(ShopError", "(VendorError"),
            ("class RequestError", "class VendorError(ShopError):\n    pass\n\n\nclass RequestError"),
            ("base=ShopError", "base=VendorError"),
        ],
        "Every error is a VendorError, which `except ShopError` still catches.",
    ),
    (
        "code added",
        [('Case("stale", 412)', 'Case("stale", 412), Case("new", 409, retry="in_progress")')],
        'ConflictError has the code "new" (409).',
    ),
    (
        "attribute added",
        [("    @property", '    shelf: Annotated[int | None, Body("error.shelf")] = None\n\n    @property')],
        "ConflictError: `e.shelf` is new (int | None).",
    ),
    (
        "constructor grown",
        [("    @property", '    shelf: Annotated[int | None, Body("error.shelf")] = None\n\n    @property')],
        "ConflictError(...): it also takes `shelf`.",
    ),
    (
        "default class",
        [
            ("OutOfOrder =", "class AnyError(OtherError):\n    pass\n\n\nOutOfOrder ="),
            ("default=OtherError", "default=AnyError"),
        ],
        "What no class claims is AnyError now, it was OtherError.",
    ),
    ("retry jitter", [("jitter=0.25", "jitter=0.1")], "Delays are spread by 10%, they were by 25%."),
    ("body cap raised", [("body_cap=8192", "body_cap=9000")], "`e.body` keeps 9000 bytes of a reply, it kept 8192."),
    (
        "operation",
        [('"orders.create": ConflictError', '"orders.create": KeyError_')],
        '"orders.create" no longer raises ConflictError.',
    ),
    (
        "operation",
        [('"orders.create": ConflictError', '"orders.create": (ConflictError, KeyError_)')],
        '"orders.create" may raise KeyError_.',
    ),
    (
        "operation",
        [("everywhere=BrokenError", "everywhere=(BrokenError, BusyError)")],
        "Any operation may raise BusyError.",
    ),
    (
        "operation",
        [
            (
                '{"orders.create": ConflictError}',
                '{"orders.create": ConflictError, "orders.get": KeyError_}',
            )
        ],
        '"orders.get" is listed now: it raises KeyError_.',
    ),
    (
        "operation",
        [('{"orders.create": ConflictError}', "{}")],
        '"orders.create" is not listed any more: it raises what any operation may.',
    ),
    ("words", [("Use another key.", "Ask for a key.")], "KeyError_, 401: it has another cause or fix."),
    ("words", [("Too many calls.", "Too fast.")], 'BusyError is described as "Too fast.".'),
]


def named(changes: list[tuple[str, Edits, str]]) -> list[object]:
    """One parameter per change, named after its rule."""
    return [pytest.param(*change, id=f"{change[0]}-{n}".replace(" ", "-")) for n, change in enumerate(changes)]


def changed(edits: Edits) -> str:
    """The released text with *edits*, each of which must find its place."""
    source = RELEASED
    for before, after in edits:
        assert before in source, before
        source = source.replace(before, after)
    return source


@pytest.mark.parametrize(("rule", "edits", "sentence"), named(BREAKING))
def test_breaking(rule: str, edits: Edits, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. A change that breaks callers is told by its rule, naming the clause, attribute, status, code or retry rule.
    """
    found = compare(facts(RELEASED, monkeypatch), facts(changed(edits), monkeypatch))

    assert (rule, sentence, True) in found


@pytest.mark.parametrize(("rule", "edits", "sentence"), named(COMPATIBLE))
def test_compatible(rule: str, edits: Edits, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. A change that no caller has to know about is told as well, and nothing of it breaks.
    """
    found = compare(facts(RELEASED, monkeypatch), facts(changed(edits), monkeypatch))

    assert (rule, sentence, False) in found
    assert [] == [change for change in found if change.breaking]


def test_class_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. A class in another module breaks imports and pickles.
    """
    found = compare(facts(RELEASED, monkeypatch), facts(RELEASED, monkeypatch, name="shop_faults"))

    sentence = "`from shop_errors import BusyError` fails: it is in shop_faults now. Its pickles do not load."
    assert ("class moved", sentence, True) in found


def test_what_only_gets_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. An address for the codes where there was none, and an envelope that loses nothing any more, break nothing.
    """
    released = facts(RELEASED, monkeypatch)
    before = {**released, "docs": None, "envelope": {**released["envelope"], "lossless": False}}

    assert (
        ("envelope kept", "The envelope keeps all details.", False),
        ("address added", "The codes are explained at https://shop.test/errors.", False),
    ) == compare(before, released)


@pytest.mark.parametrize("known", [True, False])
def test_keys_that_are_honoured_now(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. That the server honours keys from now on breaks nothing; snapshots of older releases do not say.
    """
    before = facts(RELEASED.replace('    idempotency="server",\n', ""), monkeypatch)
    if not known:
        del before["idempotency"]

    said = "The server honours idempotency keys: a write whose answer was lost is repeated."
    assert (("keys honoured", said, False),) == compare(before, facts(RELEASED, monkeypatch))


ALONE = {("class moved", "breaks"), ("envelope kept", ""), ("address added", ""), ("keys honoured", "")}
"""Rules with a test of their own."""


def test_every_rule_is_documented_and_tested() -> None:
    """
    C10. The table of docs/compatibility.md has exactly the rules that are tested here, with the same verdicts.
    """
    rows = re.findall(r"^\| ([a-z ]+) \| .* \| (breaks)? ?\|$", RULES, re.MULTILINE)
    tested = {(rule, "breaks") for rule, *_ in BREAKING} | {(rule, "") for rule, *_ in COMPATIBLE} | ALONE

    assert sorted(tested) == sorted(rows)


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_change(name: str) -> None:
    """
    C10. A contract is compatible with itself, read back from its file.
    """
    found = facts_of(CATALOGUES[name])

    assert () == compare(found, read(written(found), "a file"))


def test_two_vendors() -> None:
    """
    The contracts of two vendors are not compared.
    """
    with pytest.raises(OtherVendorError) as raised:
        compare(facts_of(CATALOGUES["scopix"]), facts_of(CATALOGUES["vectorshift"]))

    assert ("scopix", "vectorshift") == (raised.value.old, raised.value.new)
    assert "The contract of 'vectorshift' cannot be compared with that of 'scopix'. Name two of one vendor." == str(
        raised.value
    )


def test_members_of_a_union() -> None:
    """
    The members of a union are told apart outside of brackets only.
    """
    assert {"dict[str, int | None]", "None"} == members("dict[str, int | None] | None")
