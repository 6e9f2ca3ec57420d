"""Questions about days: which one it is, on which weekday, how many lie between two."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from pydantic import JsonValue

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTH = "|".join(_MONTHS)
_ISO = r"\d{4}-\d{2}-\d{2}"
_DAY_FIRST = rf"\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\s+\d{{4}}"
_MONTH_FIRST = rf"(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
_DATE = re.compile(rf"\b(?:{_ISO}|{_DAY_FIRST}|{_MONTH_FIRST}|today|tomorrow|yesterday|now)\b")
_SHIFT = re.compile(r"\b(\d{1,6}) (day|week)s? (after|from|before|ago)\b")
_ASKED = re.compile(
    r"\b(?:today|tomorrow|yesterday|weekday|day of the week|(?:what|which|current|today's) (?:day|date)|"
    r"(?:days?|weeks?) (?:between|until|till|since|after|from|before|ago|are there|is it)|date (?:is it|today))\b"
)

Facts = dict[str, JsonValue]


def looked_up(sentence: str, today: date) -> tuple[str, Facts] | None:
    """What there is to say about the days in *sentence*, and as facts; None if it does not ask for any.

    Raises:
        ValueError: a day that no calendar has; the text says which.
    """
    text = sentence.lower()
    days = [_read(found, today) for found in _DATE.findall(text)]
    if not _ASKED.search(text) and not (days and re.search(r"\bdays?\b|\bweekday\b|\bwhen\b", text)):
        return None
    if shift := _SHIFT.search(text):
        number = int(shift[1]) * (7 if shift[2] == "week" else 1) * (-1 if shift[3] in ("before", "ago") else 1)
        try:
            return _day((days or [today])[0] + timedelta(number))
        except OverflowError:
            raise ValueError(f"{shift[0]}: no calendar goes that far") from None
    if len(days) == 1 and re.search(r"\b(?:until|till|to|since)\b", text):
        days.append(today)
    if len(days) > 1 and re.search(r"\bdays?\b|\bdifference\b|\bweeks?\b", text):
        number = abs((days[1] - days[0]).days)
        first, last = sorted(days[:2])
        return f"There are {number} days from {first} to {last}.", {"days": number}
    return _day((days or [today])[0])


def _day(day: date) -> tuple[str, Facts]:
    weekday = calendar.day_name[day.weekday()]
    return f"{day.isoformat()} is a {weekday}.", {"date": day.isoformat(), "weekday": weekday}


def _read(text: str, today: date) -> date:
    if text in ("today", "now", "tomorrow", "yesterday"):
        return today + timedelta({"tomorrow": 1, "yesterday": -1}.get(text, 0))
    try:
        if re.fullmatch(_ISO, text):
            return date.fromisoformat(text)
        month = next(number for name, number in _MONTHS.items() if name in text)
        numbers = [int(found) for found in re.findall(r"\d+", text)]
        return date(numbers[1], month, numbers[0])
    except ValueError as problem:
        raise ValueError(f'"{text}" is no day of the calendar ({problem})') from problem
