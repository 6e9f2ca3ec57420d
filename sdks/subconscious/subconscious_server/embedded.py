"""The engine that comes with the server: it follows instructions sentence by sentence, with four tools of its own.

It calculates, knows days, looks at pictures' facts, calls function tools where the operator allows that, and searches
the texts that a run brings for everything else. It is no language model, and says what it did not find. Runs that ask
for "tim-down", "tim-late", "tim-broken" or "tim-slow" meet the failure of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from time import sleep

from pydantic import JsonValue

from subconscious_server import calculator, dates
from subconscious_server.answers import filled
from subconscious_server.engine import EngineAnswer, EngineDownError, EngineSlowError, Fact, Task, Thought
from subconscious_server.material import Material, material_of
from subconscious_server.outside import OutsideError, fetch_of
from subconscious_server.search import keywords, search
from subconscious_server.settings import Settings
from subconscious_server.wire import FunctionTool, McpTool, Object, PlatformTool, ReasoningTask, ToolUse

LONGEST_QUERY = 500
"""Characters of the words that a search tells it looked for."""
MOST_SENTENCES = 100
"""Sentences of the instructions that are followed one by one; what comes after is one more."""

_ENDS = re.compile(r"(?<=[.!?;])\s+(?:then\s+)?|,?\s+(?:and then|then)\s+", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_PICTURES = re.compile(r"\b(?:images?|pictures?|photos?|screenshots?)\b")
_NUMBERS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w|\.\d)")

_WHY = {
    "image": "It asks about pictures.",
    "date": "It asks for a day.",
    "calculator": "It asks for a calculation.",
    "search": "It asks for what the given texts say.",
}

Used = tuple[str, Object, JsonValue, str, list[Fact]]
"""A tool, what it was given, what it gave, what follows, and the facts in that."""


class Embedded:
    """The engine with *settings*."""

    names: Sequence[str] = (
        "tim",
        "tim-edge",
        "tim-gpt",
        "tim-gpt-heavy",
        "tim-down",
        "tim-late",
        "tim-broken",
        "tim-slow",
    )

    def __init__(self, settings: Settings) -> None:
        self._state = settings.engine_state
        self._fetch = fetch_of(allowed=settings.calls_out)

    def admit(self, name: str) -> None:
        """Let a run begin. Raises: EngineDownError, EngineSlowError."""
        if self._state == "down" or name == "tim-down":
            raise EngineDownError(f'The engine "{name}" is down. Try again in a few minutes.')
        if self._state == "slow" or name == "tim-late":
            raise EngineSlowError(f'The engine "{name}" did not answer in time. Try again with a longer timeout.')

    def think(self, task: Task, thoughts: Sequence[Thought]) -> Thought | EngineAnswer:
        """Follow the next sentence. Raises: EngineDownError, NoAnswerError."""
        if self._state != "up" or task.asked.engine == "tim-broken":
            raise EngineDownError("The engine went down while the run was worked on. Start it again.")
        while task.asked.engine == "tim-slow" and not task.is_over():
            sleep(0.05)
        sentences = sentences_of(task.asked.input.instructions)
        if len(thoughts) < len(sentences):
            return self._thought(task, sentences[len(thoughts)], len(thoughts))
        return _answer(task, thoughts)

    def _thought(self, task: Task, sentence: str, number: int) -> Thought:
        given = task.asked.input
        used = self._call(given.tools, sentence) or _date(sentence, task) or _calculate(sentence)
        if used is None:
            material = material_of(given, self._fetch)
            used = _look(sentence, material) or _search(sentence, material, given.tools)
        name, parameters, result, conclusion, facts = used
        use = ToolUse(tool_name=name, tool_call_id=f"call_{number + 1}", parameters=parameters, tool_result=result)
        step = ReasoningTask(
            title=sentence[:80],
            thought=_WHY.get(name, "It names a tool of the caller's."),
            tooluse=use,
            conclusion=conclusion,
        )
        says = "" if given.answer_format is not None else ("\n" if number else "") + conclusion
        return Thought(task=step, says=says, facts=facts)

    def _call(self, tools: Sequence[object], sentence: str) -> Used | None:
        """The function tool that *sentence* names, called with its defaults and the JSON object in the sentence."""
        for tool in tools:
            if not isinstance(tool, FunctionTool) or not re.search(rf"\b{re.escape(tool.name)}\b", sentence):
                continue
            parameters = _object_in(sentence)
            try:
                if tool.url is None:
                    raise OutsideError("it has no url.")
                body = self._fetch(
                    tool.method, tool.url, json=parameters | tool.defaults, headers=tool.headers, timeout=tool.timeout
                ).decode(errors="replace")
            except OutsideError as problem:
                return tool.name, parameters, None, f'The tool "{tool.name}" was not used: {problem}', []
            return tool.name, parameters, body, f'The tool "{tool.name}" answered: {body}', _facts(tool.name, body)
        return None


def sentences_of(instructions: str) -> list[str]:
    """The sentences of *instructions*, without bullets and numbers before them."""
    # One space for many: patterns that look for words between spaces take their time with a million of them.
    lines = [_BULLET.sub("", " ".join(line.split())) for line in instructions.splitlines()]
    found = [part.strip() for line in lines for part in _ENDS.split(line) if part.strip()]
    rest = found[MOST_SENTENCES:]
    return found[:MOST_SENTENCES] + ([" ".join(rest)] if rest else [])


def _answer(task: Task, thoughts: Sequence[Thought]) -> EngineAnswer:
    wanted = task.asked.input.answer_format
    if wanted is None:
        return EngineAnswer()
    facts = [fact for thought in thoughts for fact in thought.facts]
    parsed = filled(wanted, facts, "\n".join(thought.task.conclusion for thought in thoughts))
    return EngineAnswer(says=json.dumps(parsed, ensure_ascii=False), parsed=parsed)


def _look(sentence: str, material: Material) -> Used | None:
    if not _PICTURES.search(sentence.lower()) or not (material.pictures or material.unread):
        return None
    result: list[JsonValue] = [vars(picture) for picture in material.pictures]
    told = [str(picture) for picture in material.pictures]
    if told:
        told.append("What they show is not looked at here.")
    facts = [Fact(name=name, value=value) for picture in material.pictures for name, value in vars(picture).items()]
    return "image", {}, result, " ".join([*told, *material.unread]), facts


def _date(sentence: str, task: Task) -> Used | None:
    try:
        found = dates.looked_up(sentence, task.today)
    except ValueError as problem:
        return "date", {"question": sentence}, None, f"There is no such day: {problem}.", []
    if found is None:
        return None
    said, values = found
    facts = [Fact(name=name, value=value) for name, value in values.items()]
    return "date", {"question": sentence, "today": task.today.isoformat()}, values, said, facts


def _calculate(sentence: str) -> Used | None:
    try:
        results = calculator.calculations(sentence)
    except calculator.CalculationError as problem:
        return "calculator", {"expression": sentence}, None, f"{sentence} cannot be calculated: {problem}.", []
    if not results:
        return None
    said = ". ".join(f"{expression} = {calculator.shown(value)}" for expression, value in results)
    facts = [Fact(name="result", value=calculator.number(value)) for _, value in results]
    expressions: list[JsonValue] = [expression for expression, _ in results]
    return "calculator", {"expressions": expressions}, [fact.value for fact in facts], said, facts


def _search(sentence: str, material: Material, tools: Sequence[object]) -> Used:
    found = search(sentence, material.documents)
    result: list[JsonValue] = [vars(one) for one in found]
    facts: list[Fact] = []
    for one in found:
        facts += [Fact(name="quote", value=one.sentence), Fact(name="source", value=one.name)]
        facts += _facts("number", one.sentence)
    wanted = (" ".join(keywords(sentence)) or sentence)[:LONGEST_QUERY]
    if found:
        said = " ".join(f'"{one.sentence}" ({one.name})' for one in found)
    elif material.documents:
        count = len(material.documents)
        said = f'Nothing was found about "{wanted}" in the {count} given {"text" if count == 1 else "texts"}.'
    else:
        said = f'Nothing was found about "{wanted}": no texts were given. Give some as `content` or `resources`.'
    said = " ".join([said, *_not_used(tools), *material.unread])
    return "search", {"query": wanted}, result, said, facts


def _not_used(tools: Sequence[object]) -> list[str]:
    """What the caller may have expected of *tools*, and did not happen."""
    names = [f'"{tool.id}"' for tool in tools if isinstance(tool, PlatformTool)]
    if any(isinstance(tool, McpTool) for tool in tools):
        names.append("MCP servers")
    return [f"This server has no {', '.join(names)}: only what came with the run was searched."] if names else []


def _facts(name: str, text: str) -> list[Fact]:
    """The numbers in *text*, or the values of the JSON object that it is."""
    values = _object_in(text)
    if values:
        return [Fact(name=key, value=value) for key, value in values.items()]
    numbers = [float(found) if "." in found else int(found) for found in _NUMBERS.findall(text) if len(found) < 300]
    return [Fact(name=name, value=value) for value in numbers]


def _object_in(text: str) -> Object:
    """The JSON object that stands in *text*; an empty one if there is none."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
