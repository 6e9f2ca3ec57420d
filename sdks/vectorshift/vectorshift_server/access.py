"""Who may do what: the organisation and the user behind a key, and the scopes of its role."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from failwell.server import Caller
from vectorshift.exceptions import PermissionDeniedError

Scope = Literal["run", "write", "administer"]

SCOPES: Mapping[str, frozenset[Scope]] = MappingProxyType(
    {
        "viewer": frozenset(),
        "member": frozenset({"run", "write"}),
        "admin": frozenset({"run", "write", "administer"}),
    }
)
"""What a key of each role may do beside reading, which all may: change what its user has made, or anything."""


@dataclass(frozen=True)
class User:
    """A *name* in an *organisation*, and what the key in use may do. Everybody reads all that the organisation has."""

    organisation: str
    name: str
    role: str

    @classmethod
    def of(cls, caller: Caller) -> User:
        """The user of *caller*, whose tenant is "organisation/user"."""
        organisation, _, name = caller.tenant.partition("/")
        return cls(organisation, name, caller.role)

    def check(self, scope: Scope) -> None:
        """Let who has *scope* go on. Raises: PermissionDeniedError."""
        # A role that is not known may read, and nothing else.
        if scope not in SCOPES.get(self.role, ()):
            message = f'This API key has the role "{self.role}", which lacks the scope "{scope}".'
            raise PermissionDeniedError(f"{message} Use a key of a member.")

    def check_change(self, row: sqlite3.Row, noun: str) -> None:
        """Let who may change the object of *row* go on. Raises: PermissionDeniedError."""
        self.check("write")
        if row["owner"] != self.name and "administer" not in SCOPES[self.role]:
            message = f'The {noun} "{row["id"]}" is of another user of your organisation: you may read and run it only.'
            raise PermissionDeniedError(f"{message} Ask {row['owner']} or an admin.")
