"""A client of Scopix that is answered by a script, for the snippets of the page and for calls beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from failwell.testing import Asked, replies
from scopix import Scopix
from tests.documented.watched import Program

SESSION = {"session_id": "up_1", "describe": True, "files": []}
UPLOADED = {"id": "img_1", "kind": "image", "filename": "image.jpg", "size": 9, "description_status": "pending"}


def snippet(first: int, last: int) -> Program:
    """The snippet on these lines of the page."""
    return Program("scopix-sdk", first, last)


def uploads(*answers: object) -> Callable[[Asked], object]:
    """Opens a session whenever one is asked for, and gives *answers* to the files, one by one; the last for all."""
    left = list(answers)

    def answer(asked: Asked) -> object:
        if asked.method == "POST":
            return SESSION
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


class Stage:
    """Runs snippets."""

    def play(
        self,
        program: Program,
        *answers: object,
        then: object = None,
        call: Callable[[dict[str, Any]], Awaitable[object]] | None = None,
        **names: Any,
    ) -> Any:
        """What *call* returns of the names that *program* leaves, or those; *answers* come one by one, *then* after."""

        async def main() -> Any:
            async with Scopix("sk_test", base_url="http://scopix.test/api/v2", max_retries=0) as client:
                more: dict[str, Any] = {} if then is None else {"then": then}
                with replies(client, *answers, **more):
                    left = await program.run(client=client, **names)
                    return left if call is None else await call(left)

        with program.watched():
            return anyio.run(main)
