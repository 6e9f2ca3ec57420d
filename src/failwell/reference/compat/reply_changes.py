"""Changes of the reply table: which class a status and code become, and whether the call is retried."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.reference.compat.change import Change, breaks, fits
from failwell.reference.compat.snapshot import Facts
from failwell.reference.compat.table import Probe, Table, probes

ChangedReplies = dict[tuple[str, ...], list[Probe]]


def reply_changes(old: Facts, new: Facts) -> Iterator[Change]:
    """Every reply that another `except` clause catches, or that is repeated otherwise; every status and code."""
    yield from _codes(old, new)
    yield from _statuses(old, new)
    was, now = Table(old), Table(new)
    fresh = _all_codes(new) - _all_codes(old)
    caught: ChangedReplies = {}
    repeated: ChangedReplies = {}
    for probe in probes(old, new):
        before, after = was(probe), now(probe)
        if before.name != after.name:
            caught.setdefault((before.name, after.name), []).append(probe)
        if before.retry != after.retry and probe.code not in fresh:
            repeated.setdefault((before.retry, after.retry), []).append(probe)
    if old["default"] != new["default"]:
        yield fits("default class", f"What no class claims is {new['default']} now, it was {old['default']}.")
    for (before_name, after_name), found in caught.items():
        yield from _caught(before_name, after_name, _label(found), old, new)
    for (before_retry, after_retry), found in repeated.items():
        yield _repeated(before_retry, after_retry, _label(found))


def _caught(was: str, now: str, what: str, old: Facts, new: Facts) -> Iterator[Change]:
    before = [was, *old["classes"][was]["above"]]
    after = [now, *new["classes"][now]["above"]]
    lost = [name for name in before if name not in after and (name in new["classes"] or "." in name)]
    gained = [name for name in after if name not in before and (name in old["classes"] or "." in name)]
    for name in lost:
        yield breaks("except clause", f"`except {name}` no longer catches {what}: that is {now} now.")
    if not lost:
        for name in gained:
            yield breaks("except clause", f"`except {name}` catches {what} too, which it left to other clauses.")
    if not lost and not gained and was in new["classes"]:
        yield fits("class refined", f"{what[:1].upper()}{what[1:]} is {now} now, which `except {was}` still catches.")


def _repeated(was: str, now: str, what: str) -> Change:
    if now == "never":
        return breaks("retry", f"A call that meets {what} is not repeated any more.")
    if was == "never":
        return breaks("retry", f"A call that meets {what} is repeated, it was not.")
    return breaks("retry", f"A call that meets {what} is repeated as {now}, it was as {was}.")


def _codes(old: Facts, new: Facts) -> Iterator[Change]:
    was, now = _claimed(old), _claimed(new)
    for code in dict.fromkeys(code for _, code, _ in was if code):
        statuses = _statuses_of(was, code), _statuses_of(now, code)
        if code not in _all_codes(new):
            yield breaks("code removed", f'Nothing has the code "{code}" any more (it had {_list(statuses[0])}).')
        elif gone := [status for status in statuses[0] if status not in statuses[1]]:
            yield breaks("code moved", f'The code "{code}" has the status {_list(statuses[1])}, it had {_list(gone)}.')
    for cls, code, status in now:
        if code and code not in _all_codes(old):
            yield fits("code added", f'{cls} has the code "{code}" ({status or "no status"}).')


def _statuses(old: Facts, new: Facts) -> Iterator[Change]:
    was, now = _claimed(old), _claimed(new)
    for name in old["classes"]:
        if name not in new["classes"]:
            continue
        before = list(dict.fromkeys(status for cls, _, status in was if cls == name and status))
        after = list(dict.fromkeys(status for cls, _, status in now if cls == name and status))
        if gone := [status for status in before if status not in after]:
            yield breaks("status moved", f"{name} has the status {_list(after)}, it had {_list(gone)}.")
        elif added := [status for status in after if status not in before]:
            yield fits("status added", f"{name} also has the status {_list(added)}.")


def _claimed(facts: Facts) -> list[tuple[str, str, str]]:
    """Class, code and status of each claim; "" where there is none."""
    return [
        (name, case.get("code", ""), str(case.get("status", "")))
        for name, told in facts["classes"].items()
        if told["claims"]
        for case in told["cases"]
    ]


def _statuses_of(claims: list[tuple[str, str, str]], code: str) -> list[str]:
    return list(dict.fromkeys(status for _, other, status in claims if other == code))


def _all_codes(facts: Facts) -> set[str]:
    return {code for _, code, _ in _claimed(facts)} - {""}


def _label(found: list[Probe]) -> str:
    """What the probes have in common, in a few words: "409 duplicate_name", "402, 404-407 on images"."""
    general = {(probe.source, probe.status, probe.code, probe.on) for probe in found if not probe.operation}
    groups: dict[tuple[str, str], list[int]] = {}
    for probe in found:
        if not probe.operation or (probe.source, probe.status, probe.code, probe.on) not in general:
            what = probe.code or probe.on or ("" if probe.source == "http" else f"a failed {probe.source}")
            groups.setdefault((what, probe.operation), []).append(probe.status)
    return ", ".join(
        " ".join(part for part in (_ranges(statuses), what, operation and f"on {operation}") if part)
        for (what, operation), statuses in groups.items()
    )


def _ranges(statuses: list[int]) -> str:
    """*statuses* as few words: "404, 500-503", "5XX"."""
    if statuses == [0]:
        return ""
    runs: list[list[int]] = []
    for status in sorted(statuses):
        if runs and status == runs[-1][-1] + 1:
            runs[-1].append(status)
        else:
            runs.append([status])
    return ", ".join(map(_run, runs))


def _run(run: list[int]) -> str:
    if len(run) == 1:
        return str(run[0])
    if len(run) == 100 and run[0] % 100 == 0:
        return f"{run[0] // 100}XX"
    return f"{run[0]}-{run[-1]}"


def _list(statuses: list[str]) -> str:
    return ", ".join(status or "none" for status in statuses) or "none"
