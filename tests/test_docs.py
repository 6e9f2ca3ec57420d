from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
WRITTEN = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("sdks/*/*.md"), *ROOT.glob("changelog.d/*.md")]
HOSTS = {"pypi": "org", "pythonhosted": "org", "npmjs": "com", "anaconda": "org", "crates": "io"}
REGISTRIES = re.compile("|".join(rf"\b{name}\.{domain}\b" for name, domain in HOSTS.items()))
SITE: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def in_navigation(part: Any) -> Iterator[str]:
    """The pages that a *part* of the navigation leads to."""
    if isinstance(part, str):
        yield part
    else:
        for inner in part.values() if isinstance(part, dict) else part:
            yield from in_navigation(inner)


def links(text: str) -> list[str]:
    """Where the links of a page lead, those in code left out."""
    prose = re.sub(r"^(```.*?^```$|(?: {4}.*\n)+)", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "``", prose))


def test_every_page_is_in_the_navigation() -> None:
    """
    The navigation leads to every page, and to no other.
    """
    assert sorted(PAGES) == sorted(in_navigation(SITE["nav"]))


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    """
    A link of a page leads to a page or file of the documentation, and nowhere else in the repository.
    """
    inside = [link.partition("#")[0] for link in links(PAGES[page]) if "://" not in link and link[0] != "#"]

    assert [] == [link for link in inside if not (DOCS / page).parent.joinpath(link).resolve().is_file()]
    assert [] == [link for link in inside if not (DOCS / page).parent.joinpath(link).resolve().is_relative_to(DOCS)]


def test_the_build_is_strict() -> None:
    """
    `make docs` fails on a link to nowhere and on a page outside of the navigation.

    mkdocs counts the warnings that it prints: told to be quiet, it prints none, and is not strict any more.
    """
    (build,) = re.findall(r"mkdocs build.*", (ROOT / "Makefile").read_text(encoding="utf-8"))

    assert {"--strict", "--clean"} == set(build.split()[2:])
    checks = ("omitted_files", "absolute_links", "unrecognized_links", "anchors")
    assert (True, dict.fromkeys(checks, "warn")) == (SITE["strict"], SITE["validation"])


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_registry(path: Path) -> None:
    """
    Projects are named by their names or repositories, never by the address of a registry.
    """
    assert [] == REGISTRIES.findall(path.read_text(encoding="utf-8"))
