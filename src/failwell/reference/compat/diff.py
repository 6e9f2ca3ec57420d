"""Contract diff: what changed between two snapshots, and which of it breaks the code of a caller."""

from __future__ import annotations

from collections.abc import Iterator

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError
from failwell.reference.compat.change import Change, breaks, fits
from failwell.reference.compat.class_changes import class_changes
from failwell.reference.compat.reply_changes import reply_changes
from failwell.reference.compat.snapshot import Facts


class OtherVendorError(ExceptionFields, ContractError):
    """The snapshots are of the contracts *old* and *new*, which are two vendors'."""

    old: str
    new: str
    template = "The contract of {new!r} cannot be compared with that of {old!r}. Name two of one vendor."


def compare(old: Facts, new: Facts) -> tuple[Change, ...]:
    """Every change from *old* to *new*: those that break first, in the order of the rules.

    Raises:
        OtherVendorError: they are of two vendors.
    """
    if old["name"] != new["name"]:
        raise OtherVendorError(old["name"], new["name"])
    found = [*class_changes(old, new), *reply_changes(old, new), *_of_the_whole(old, new)]
    return tuple(sorted(dict.fromkeys(found), key=lambda change: not change.breaking))


def _of_the_whole(old: Facts, new: Facts) -> Iterator[Change]:
    yield from _base(old, new)
    yield from _headers(old, new)
    yield from _envelope(old, new)
    yield from _retries(old["retries"], new["retries"])
    yield from _operations(old, new)
    kept = f"`e.body` keeps {new['body_cap']} bytes of a reply, it kept {old['body_cap']}."
    if new["body_cap"] < old["body_cap"]:
        yield breaks("body cap lowered", kept)
    elif new["body_cap"] > old["body_cap"]:
        yield fits("body cap raised", kept)
    was, now = old.get("idempotency"), new.get("idempotency")
    if "idempotency" in old and was and not now:
        yield breaks(
            "keys ignored", "The server does not honour idempotency keys: a write whose answer was lost fails."
        )
    elif now and not was:
        yield fits("keys honoured", "The server honours idempotency keys: a write whose answer was lost is repeated.")
    if old["docs"] is None and new["docs"] is not None:
        yield fits("address added", f"The codes are explained at {new['docs']}.")
    elif old["docs"] != new["docs"]:
        yield breaks("address moved", f"The codes are explained at {new['docs']}, they were at {old['docs']}.")


def _base(old: Facts, new: Facts) -> Iterator[Change]:
    was, now = old["base"], new["base"]
    if was == now:
        return
    if was in new["classes"] and now in new["classes"] and was in new["classes"][now]["above"]:
        yield fits("base class refined", f"Every error is a {now}, which `except {was}` still catches.")
    else:
        yield breaks("base class", f"`except {was}` no longer catches everything: the base class is {now} now.")


def _headers(old: Facts, new: Facts) -> Iterator[Change]:
    for name, was in old["headers"].items():
        now = new["headers"].get(name)
        if now != was and str(now).lower() != was.lower():
            what = name.replace("_", " ")
            yield breaks("header name", f"The {what} travels in the header {now}, it travelled in {was}.")


def _envelope(old: Facts, new: Facts) -> Iterator[Change]:
    was, now = old["envelope"], new["envelope"]
    if was["content_type"] != now["content_type"]:
        yield breaks("envelope", f"Errors travel as {now['content_type']}, they travelled as {was['content_type']}.")
    for what, body in was["bodies"].items():
        if now["bodies"].get(what) != body:
            yield breaks("envelope", f"A body with {what} is {now['bodies'].get(what)}, it was {body}.")
    if was["lossless"] and not now["lossless"]:
        yield breaks("envelope", "The envelope may lose details, it kept all of them.")
    elif now["lossless"] and not was["lossless"]:
        yield fits("envelope kept", "The envelope keeps all details.")


RULES = {
    "max_retries": "are repeated at most {} times",
    "max_transient": "are repeated at most {} times after a failure of the server or of the way to it",
    "first_delay": "wait {} s before the first retry",
    "factor": "wait {} times longer before each further retry",
    "longest_delay": "wait at most {} s before a retry",
    "longest_retry_after": "wait for a Retry-After of at most {} s",
}


def _retries(old: Facts, new: Facts) -> Iterator[Change]:
    for name, sentence in RULES.items():
        if name not in old and name not in new:
            continue
        # A limit that only one of them has is that of all retries in the other.
        was, now = (f"{rules.get(name, rules['max_retries']):g}" for rules in (old, new))
        if was != now:
            yield breaks("retry rule", f"Calls {sentence.format(now)}, it was {was} (`{name}`).")
    if old["jitter"] != new["jitter"]:
        yield fits("retry jitter", f"Delays are spread by {new['jitter']:.0%}, they were by {old['jitter']:.0%}.")


def _operations(old: Facts, new: Facts) -> Iterator[Change]:
    """What an operation raises may grow and shrink: `except client.x.raises` follows."""
    for name in [*old["operations"], *(name for name in new["operations"] if name not in old["operations"])]:
        if name not in new["operations"]:
            yield fits("operation", f'"{name}" is not listed any more: it raises what any operation may.')
        elif name not in old["operations"]:
            yield fits("operation", f'"{name}" is listed now: it raises {_list(new["operations"][name])}.')
        else:
            yield from _raised(f'"{name}"', old["operations"][name], new["operations"][name])
    yield from _raised("Any operation", old["everywhere"], new["everywhere"])


def _raised(what: str, old: list[str], new: list[str]) -> Iterator[Change]:
    if gone := [name for name in old if name not in new]:
        yield fits("operation", f"{what} no longer raises {_list(gone)}.")
    if added := [name for name in new if name not in old]:
        yield fits("operation", f"{what} may raise {_list(added)}.")


def _list(names: list[str]) -> str:
    return ", ".join(names) or "nothing of its own"
