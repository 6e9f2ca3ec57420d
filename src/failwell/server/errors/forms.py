"""Content negotiation of errors: the declared envelope, problem+json, a short text for agents, a page for browsers."""

from __future__ import annotations

from html import escape
from typing import Any, Literal
from urllib.parse import quote, unquote

from failwell._support.frozen import changed
from failwell.contract import Case, Catalogue, Error
from failwell.contract.case import phrase
from failwell.server.errors.redaction import shorten
from failwell.server.protocol import ANSWERED, Scope, header
from failwell.wire import Problem, Reply, render_error
from failwell.wire.json import dumps

ErrorForm = Literal["application/problem+json", "text/markdown", "text/html"]
FORMS: tuple[ErrorForm, ...] = ("application/problem+json", "text/markdown", "text/html")
REPEATABLE = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})
"""Methods that may be repeated whatever was done (RFC 9110, 9.2.2)."""

LONGEST = 130
"""Characters of a sentence in the short form: with all its lines it stays below 480, which are 120 tokens."""

LONGEST_ON_A_PAGE = 2000

_STYLE = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}dt{font-weight:600}"
_VARY = {"vary": "Accept"}
_SAFE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


def wanted(accept: str) -> ErrorForm | None:
    """The form that a client would rather have than the declared envelope; None for that, and for who says nothing."""
    if not accept or accept == "*/*":
        return None
    weights: dict[str, float] = {}
    for part in accept.lower().split(",")[:32]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = max((_weight(each) for each in parameters if each.startswith("q=")), default=1.0)
    declared = weights.get("application/json", weights.get("application/*", weights.get("*/*", 0.0)))
    best = max(FORMS, key=lambda form: weights.get(form, 0.0))
    weight = weights.get(best, 0.0)
    # Who names JSON and something else alike gets JSON; a wildcard beside a name is what else would do.
    preferred = weight > declared or (weight == declared and "application/json" not in weights)
    return best if weight > 0 and preferred else None


def _weight(parameter: str) -> float:
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0


def rendered(error: Error, catalogue: Catalogue, scope: Scope) -> Reply:
    """The reply that *error* travels as, in the form that the client of *scope* accepts."""
    request_id: str = scope["failwell.request_id"]
    form = wanted(header(scope, "accept"))
    scope[ANSWERED] = form or catalogue.envelope.content_type
    if form is None or form == catalogue.envelope.content_type:
        return render_error(error, catalogue, request_id=request_id, more=_VARY)
    problem: Any = _AsProblem(catalogue, scope)  # what is used of a catalogue
    reply = render_error(error, problem, request_id=request_id, more=_VARY)
    if form == "application/problem+json":
        return reply
    return _in_form(form, reply.status, _facts(error, scope), {**reply.headers})


class _AsProblem:
    """What rendering asks of *catalogue*, with RFC 9457 as its envelope and the app's own pages as its types."""

    envelope = Problem()

    def __init__(self, catalogue: Catalogue, scope: Scope) -> None:
        self.headers = catalogue.headers
        self._root: str = scope.get("failwell.root_path", "")

    def address(self, code: str) -> str:
        """Where the app itself explains *code*."""
        return f"{self._root}/errors/{quote(code, safe='')}"


def _facts(error: Error, scope: Scope) -> dict[str, str]:
    effects = scope.get("failwell.effects")
    begun = effects is not None and effects.happened
    status = error.status_on_the_wire
    untouched = not begun and status < 500
    return {
        "": str(error),
        "Code": error.code_on_the_wire or "",
        "Retry": _retry(error, scope, untouched=untouched),
        "Effect": "the work had begun" if begun else "nothing was done" if untouched else "unknown",
        "Do": error.case.fix or "",
        "Request": scope["failwell.request_id"],
    }


def _retry(error: Error, scope: Scope, *, untouched: bool) -> str:
    """Whether the same call may be made again, and after how long."""
    if error.case.retry in {None, "never"}:
        return "no"
    delay = error.retry.delay
    after = "" if delay is None else f", after {delay:g} s"
    if untouched or scope.get("method") in REPEATABLE:
        return f"yes{after}"
    if header(scope, "idempotency-key"):
        return f"yes{after}, with the same idempotency key"
    return f"yes{after}, where doing it twice does no harm"


def explanation(code: str, catalogue: Catalogue, scope: Scope) -> Reply | None:
    """What *code* means, for who opens the address of a problem's type; None if the catalogue has no such code."""
    found = next(((cls, case) for cls, case in catalogue.cases() if case.code == code), None)
    if found is None:
        return None
    cls, case = found
    facts = _explained(cls, case)
    form = wanted(header(scope, "accept"))
    headers = {catalogue.headers.request_id.lower(): scope["failwell.request_id"], "vary": "Accept"}
    if form in {"text/markdown", "text/html"}:
        scope[ANSWERED] = form
        status = case.status if isinstance(case.status, int) else 0
        return changed(_in_form(form, status, facts, headers), status=200)
    body = {"code": code, "status": case.status, "meaning": facts[""], "retry": facts["Retry"], "fix": case.fix}
    return Reply(200, {**headers, "content-type": "application/json"}, dumps(body))


def code_asked_for(scope: Scope) -> str | None:
    """The code whose explanation *scope* asks for, or None."""
    path: str = scope["path"].removeprefix(scope.get("failwell.root_path", ""))
    asks = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and path.startswith("/errors/")
    return unquote(path[len("/errors/") :]) if asks else None


def _explained(cls: type[Error], case: Case) -> dict[str, str]:
    meaning = (cls.__doc__ or "").strip().partition("\n")[0]
    kind = case.retry or cls.cases[0].retry
    return {
        "": meaning,
        "Code": case.code or "",
        "Retry": "no" if kind in {None, "never"} else "yes",
        "Cause": case.cause or "",
        "Do": case.fix or "",
    }


def _in_form(form: str, status: int, facts: dict[str, str], headers: dict[str, str]) -> Reply:
    title = f"{status or ''} {phrase(status) or ''}".strip()
    most = LONGEST if form == "text/markdown" else LONGEST_ON_A_PAGE
    sentence = " ".join(shorten(facts[""], most).split())
    said = {name: " ".join(shorten(text, most).split()) for name, text in facts.items() if name and text}
    if form == "text/markdown":
        lines = [f"# {title}", sentence, *(f"- {name}: {text}" for name, text in said.items())]
        return Reply(status, {**headers, "content-type": "text/markdown; charset=utf-8"}, "\n".join(lines).encode())
    parts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in said.items())
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(sentence)}</p><dl>{parts}</dl></html>"
    )
    return Reply(status, {**headers, **_SAFE, "content-type": "text/html; charset=utf-8"}, page.encode())
