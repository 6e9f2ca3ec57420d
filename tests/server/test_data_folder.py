"""The files of a data folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from failwell.server import DataFolder
from failwell.server.storage.data_folder import ABANDONED


def test_abandoned_parts(tmp_path: Path) -> None:
    """
    What a killed process has not written to its end is removed by the server that starts a day later; no other file.
    """
    folder = DataFolder(tmp_path, "test.db")
    folder.prepare()
    whole = folder.write(b"whole")
    for name, age in (("left.part", ABANDONED + 60), ("written.part", ABANDONED - 60), (whole, 2 * ABANDONED)):
        (folder.files / name).write_bytes(b"x")
        os.utime(folder.files / name, (0, time.time() - age))

    folder.prepare()

    assert {whole, "written.part"} == {path.name for path in folder.files.iterdir()}
