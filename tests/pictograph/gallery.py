"""A backend in memory that keeps images by folder and name, for uploads that arrive in any order and at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx2

from .backend import API, CREATED, Backend

PAGE = 3
"""Rows that a list gives at once, whatever is asked for."""


class Gallery(Backend):
    """One dataset, "ds", with images at *places*.

    *trouble* may answer a request in its place: it is told the step ("list", "sign", "put", "register") and the name of
    the image.
    """

    def __init__(
        self,
        places: Iterable[tuple[str, str]] = (),
        trouble: Callable[[str, str], tuple[int, Any] | None] = lambda _step, _name: None,
    ) -> None:
        super().__init__({})
        self.places_taken = set(places)
        self.stored: dict[str, bytes] = {}
        self.trouble = trouble
        self.steps: list[tuple[str, str]] = []
        self.keys: list[str | None] = []
        self._lock = threading.Lock()

    def blocking(self, request: httpx2.Request) -> httpx2.Response:
        return self._answered(request, request.read())

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        return self._answered(request, await request.aread())

    @property
    def signed(self) -> list[str]:
        """The images for which an upload was begun."""
        return [name for step, name in self.steps if step == "sign"]

    def _answered(self, request: httpx2.Request, content: bytes) -> httpx2.Response:
        path = request.url.path.removeprefix(API)
        named = json.loads(content) if request.method == "POST" else {}
        step = {"/images/": "list", "/images/upload-url": "sign", "/images/register": "register"}.get(path, "put")
        name = named.get("filename", "") or Path(path).name
        with self._lock:
            self.steps.append((step, name))
            self.keys.append(request.headers.get("idempotency-key"))
        refused = self.trouble(step, name)
        status, body = refused if refused is not None else self._done(request, step, named, content)
        return httpx2.Response(status, json=body)

    def _done(self, request: httpx2.Request, step: str, named: dict[str, Any], content: bytes) -> tuple[int, Any]:
        with self._lock:
            place = (named.get("directory_path", ""), named.get("filename", ""))
            match step:
                case "list":
                    return 200, self._page(request)
                case "put":
                    self.stored[request.url.params["place"]] = content
                    return 200, None
                case _ if place in self.places_taken:
                    return 409, {"detail": {"message": "It is there.", "error_code": "duplicate_filename"}}
                case "sign":
                    url = httpx2.URL(f"http://store.test/{place[1]}", params={"place": "|".join(place)})
                    return 200, {"data": {"upload_url": str(url)}}
                case _:
                    self.places_taken.add(place)
                    return 200, {"data": _image(*place)}

    def _page(self, request: httpx2.Request) -> dict[str, Any]:
        folder, start = request.url.params.get("directory_path"), int(request.url.params["offset"])
        found = sorted(place for place in self.places_taken if folder in (None, place[0]))
        rows = [_image(*place) for place in found[start : start + PAGE]]
        return {"data": rows, "pagination": {"has_more": start + PAGE < len(found)}}


def _image(folder: str, name: str) -> dict[str, Any]:
    return {"id": f"{folder}|{name}", "filename": name, "directory_path": folder, **CREATED}
