"""A small SDK for Pictograph's API that somebody wrote by hand: urllib, a few retries, names of its own."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

__version__ = "0.3"

RETRIED = {429, 500, 502, 503, 504}
LONGEST_WAIT = 120.0


class TinyError(Exception):
    """Whatever went wrong."""


class BadSettingError(TinyError):
    """The client was made with something that makes no sense."""


class NoAnswerError(TinyError):
    """Nobody answered."""


class RefusedError(TinyError):
    """The API said no."""

    def __init__(self, status: int, body: Any) -> None:
        detail = body.get("detail") if isinstance(body, dict) else None
        if isinstance(detail, dict):
            super().__init__(detail.get("message", "Refused."))
            vars(self).update({name: value for name, value in detail.items() if name != "message"})
        else:
            super().__init__(str(detail or f"Refused with status {status}."))
        self.status_code = status


class UnauthorizedError(RefusedError):
    """401."""


class OutOfCreditsError(RefusedError):
    """402."""


class UnknownError(RefusedError):
    """404."""


class TooFastError(RefusedError):
    """429."""

    retry_after: float | None = None


class DownError(RefusedError):
    """5xx."""


CLASSES: dict[int, type[RefusedError]] = {
    401: UnauthorizedError,
    402: OutOfCreditsError,
    404: UnknownError,
    429: TooFastError,
}


class Tiny:
    """The client."""

    def __init__(self, key: str, url: str, *, timeout: float = 30.0, retries: int = 3) -> None:
        if not key:
            raise BadSettingError("There is no key. Pass one.")
        if "://" not in url or timeout <= 0:
            raise BadSettingError("The URL and the timeout must make sense.")
        self._key = key
        self._url = url
        self._timeout = timeout
        self._retries = retries

    def datasets(self) -> list[dict[str, Any]]:
        """All datasets."""
        return list(self._ask("GET", "datasets/")["data"])

    def run(self, run_id: str) -> dict[str, Any]:
        """One training run."""
        return dict(self._ask("GET", f"training/{run_id}")["data"])

    def train(self, dataset: str, export: str) -> dict[str, Any]:
        """Start a training run."""
        wanted = {"dataset_name": dataset, "export_name": export, "pipeline_type": "yolox"}
        return dict(self._ask("POST", "training/", wanted)["data"])

    def _ask(self, method: str, path: str, payload: Any = None) -> Any:
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        if method != "GET":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        url = f"{self._url}/api/v1/developer/{path}"
        body = None if payload is None else json.dumps(payload).encode()
        error: TinyError
        for attempt in range(self._retries + 1):
            try:
                request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - as it was given
                with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as refused:
                error = self._refused(refused)
            except OSError as problem:
                error = NoAnswerError(f"Nobody answered: {problem}")
                error.__cause__ = problem
            wait = self._wait(error, attempt)
            if wait is None:
                raise error
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _refused(self, refused: urllib.error.HTTPError) -> RefusedError:
        with refused:
            try:
                body = json.load(refused)
            except ValueError:
                body = None
        kind = DownError if refused.code >= 500 else CLASSES.get(refused.code, RefusedError)
        error = kind(refused.code, body)
        if isinstance(error, TooFastError):
            error.retry_after = float(refused.headers["Retry-After"])
        return error

    def _wait(self, error: TinyError, attempt: int) -> float | None:
        """Seconds before the next attempt; None if there is none."""
        if attempt == self._retries or (isinstance(error, RefusedError) and error.status_code not in RETRIED):
            return None
        asked = getattr(error, "retry_after", None)
        if asked is None:
            return float(2**attempt)
        return float(asked) if asked <= LONGEST_WAIT else None
