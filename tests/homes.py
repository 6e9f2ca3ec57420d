"""Whose code a frame of a traceback is: by the package's own folder, because a clone may lie anywhere."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType


def homes(*packages: ModuleType) -> tuple[str, ...]:
    """How the names of the files of *packages* begin: `frame.filename.startswith(homes(failwell))`."""
    return tuple(str(Path(str(package.__file__)).parent) + os.sep for package in packages)
