"""What changed about the classes of a contract: their names, parents, attributes and constructors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from failwell.reference.compat.change import Change, breaks, fits
from failwell.reference.compat.snapshot import Facts


def class_changes(old: Facts, new: Facts) -> Iterator[Change]:
    """Every change of a class, the removed and the added ones included."""
    was, now = old["classes"], new["classes"]
    renamed = _renamed(was, now)
    for name, told in was.items():
        if name in now:
            yield from _names(name, told, now[name])
            yield from _parents(name, told, now[name], was)
            yield from _attributes(name, was, now)
            yield from _constructor(name, was, now)
            yield from _words(name, told, now[name])
        elif name in renamed:
            yield breaks(
                "class renamed",
                f"`except {name}` fails: the class is called {renamed[name]} now. Its pickles do not load.",
            )
        else:
            yield breaks("class removed", f"`except {name}` fails: the class is gone. Its pickles do not load.")
    for name in now:
        if name not in was and name not in renamed.values():
            yield fits("class added", f"{name} is new.")


def _renamed(was: Facts, now: Facts) -> dict[str, str]:
    """The classes that are gone, with the new one that claims the same and has all that they had."""
    found: dict[str, str] = {}
    for name in was.keys() - now.keys():
        for other in [one for one in now if one not in was and one not in found.values()]:
            claims_same = _claims(was[name]) == _claims(now[other]) and was[name]["claims"] == now[other]["claims"]
            if claims_same and was[name]["attributes"].keys() <= now[other]["attributes"].keys():
                found[name] = other
                break
    return found


def _claims(told: Facts) -> list[Facts]:
    return [{key: value for key, value in case.items() if key not in WORDS} for case in told["cases"]]


def _names(name: str, was: Facts, now: Facts) -> Iterator[Change]:
    if was["module"] != now["module"]:
        yield breaks(
            "class moved",
            f"`from {was['module']} import {name}` fails: it is in {now['module']} now. Its pickles do not load.",
        )
    for alias in was["aliases"]:
        if alias not in now["aliases"]:
            yield breaks("alias removed", f"`except {alias}` fails: {name} has no such other name any more.")
    for alias in now["aliases"]:
        if alias not in was["aliases"]:
            yield fits("alias added", f"{name} is also called {alias}.")
    if was["source"] != now["source"]:
        yield breaks("source", f"{name} comes from another source: {now['source']}, it was {was['source']}.")


def _parents(name: str, was: Facts, now: Facts, known: Facts) -> Iterator[Change]:
    for parent in was["above"]:
        if parent not in now["above"]:
            yield breaks("base changed", f"`except {parent}` no longer catches {name}.")
    for parent in now["above"]:
        if parent in was["above"]:
            continue
        if parent in known or "." in parent:
            yield breaks("base changed", f"`except {parent}` catches {name} too, which it left to other clauses.")
        else:
            yield fits("base added", f"{name} is a {parent} now.")


def _attributes(name: str, was: Facts, now: Facts) -> Iterator[Change]:
    def of(cls: str, attribute: str) -> tuple[Facts | None, Facts | None]:
        return was[cls]["attributes"].get(attribute), now[cls]["attributes"].get(attribute)

    parents = [above for above in was[name]["above"] if above in was and above in now[name]["above"]]
    for attribute in {**was[name]["attributes"], **now[name]["attributes"]}:
        before, after = of(name, attribute)
        # What a class above tells of as well is told of there alone.
        if before == after or any(of(parent, attribute) == (before, after) for parent in parents):
            continue
        for change in _attribute(attribute, before, after):
            yield change._replace(sentence=f"{name}: {change.sentence}")


def _attribute(name: str, was: Facts | None, now: Facts | None) -> Iterator[Change]:
    if now is None:
        yield breaks("attribute removed", f"`e.{name}` is gone.")
        return
    if was is None:
        yield fits("attribute added", f"`e.{name}` is new ({now['type']}).")
        return
    if change := _retyped(was["type"], now["type"]):
        yield breaks("attribute retyped", f"`e.{name}` {change}: it is {now['type']}, it was {was['type']}.")
    if was["place"] != now["place"]:
        yield breaks(
            "attribute moved",
            f"`e.{name}` travels elsewhere: {now['place']}, it was {was['place']}. Older SDKs miss it.",
        )
    if was.get("default", MISSING) != now.get("default", MISSING):
        yield breaks(
            "attribute default",
            f"`e.{name}` is {now.get('default')!r} when a reply does not say, it was {was.get('default')!r}.",
        )


def _retyped(was: str, now: str) -> str | None:
    """How a type changed, in a word."""
    before, after = members(was), members(now)
    if before == after:
        return None
    if before < after:
        return "may be something else, too"
    return "is narrower" if after < before else "has another type"


def members(type_: str) -> frozenset[str]:
    """The members of a union as `snapshot` writes it: " | " between them, and inside of brackets those of others."""
    found, depth = [""], 0
    for character in type_:
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            found.append("")
        else:
            found[-1] += character
    return frozenset(member.strip() for member in found)


def _constructor(name: str, was: Facts, now: Facts) -> Iterator[Change]:
    for change in _parameters(was[name]["constructor"], now[name]["constructor"]):
        above = (parent for parent in was[name]["above"] if parent in was and parent in now)
        if not any(change in _parameters(was[one]["constructor"], now[one]["constructor"]) for one in above):
            yield change._replace(sentence=f"{name}(...): {change.sentence}")


def _parameters(was: list[Facts], now: list[Facts]) -> Iterator[Change]:
    before, after = {one["name"]: one for one in was}, {one["name"]: one for one in now}
    for name, told in before.items():
        if name not in after:
            yield breaks("constructor", f"it takes no `{name}` any more.")
        else:
            yield from _parameter(name, told, after[name])
    for name, told in after.items():
        if name not in before and told["required"]:
            yield breaks("constructor", f"it asks for `{name}`.")
        elif name not in before:
            yield fits("constructor grown", f"it also takes `{name}`.")
    places = [[one["name"] for one in side if "positional" in one["kind"]] for side in (was, now)]
    kept = [name for name in places[0] if name in places[1]]
    if kept != places[1][: len(kept)]:
        yield breaks("constructor", f"its positional arguments are {_list(places[1])}, they were {_list(places[0])}.")


def _parameter(name: str, was: Facts, now: Facts) -> Iterator[Change]:
    if now["required"] and not was["required"]:
        yield breaks("constructor", f"it asks for `{name}`, which had a default.")
    if now["kind"] != was["kind"] and now["kind"] != "positional_or_keyword":
        yield breaks("constructor", f"`{name}` is {_kind(now)}, it was {_kind(was)}.")
    gone = members(was["type"]) - members(now["type"])
    if gone and "Any" not in members(now["type"]):
        yield breaks("constructor", f"`{name}` may not be {_list(sorted(gone))} any more, only {now['type']}.")


def _kind(parameter: Facts) -> str:
    return str(parameter["kind"]).replace("_", " ")


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


WORDS = ("fix", "cause")


def _words(name: str, was: Facts, now: Facts) -> Iterator[Change]:
    if was["summary"] != now["summary"]:
        yield fits("words", f'{name} is described as "{now["summary"]}".')
    for case in now["cases"]:
        for other in was["cases"]:
            if _facts(case) == _facts(other) and [case.get(word) for word in WORDS] != [
                other.get(word) for word in WORDS
            ]:
                yield fits("words", f"{name}, {label(case)}: it has another cause or fix.")


def _facts(case: Facts) -> Facts:
    return {key: value for key, value in case.items() if key not in (*WORDS, "retry")}


def label(case: Facts) -> str:
    """A case in a few words: "409 duplicate_name"."""
    words = [str(case[key]) for key in ("status", "code", "on") if key in case]
    place = [f"on {case['operation']}"] if "operation" in case else []
    return " ".join([*words, *place]) or "any other reply"


MISSING: Any = object()
