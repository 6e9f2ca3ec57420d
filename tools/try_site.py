"""Open the built documentation in Chromium and follow its links: .venv/bin/python tools/try_site.py SITE CHROMIUM."""

import functools
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page as Tab, Request, Route, TimeoutError as NothingHappened, sync_playwright

from failwell.reference.catalogues import find_catalogue, known_catalogues
from failwell.reference.page.collect import page_of
from failwell.reference.page.facts import ReferencePage

LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
"""What a browser loads by itself when it opens a page, by tag and attribute."""
ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
IMPORTED = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
IN_TREE = "h2#hierarchy + ul"
PATIENCE = 15_000
"""Milliseconds that an element may take to appear."""


def main(site: Path, chromium: str) -> None:
    pages = [page_of(find_catalogue(name)) for name in known_catalogues()]
    if not pages:
        sys.exit("No catalogue is installed, so there is nothing to look for. Run: make install")
    refuse("loads from elsewhere", from_elsewhere(site))
    with served(site) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.set_default_timeout(PATIENCE)
        outside, broken = watch(tab, url)
        for page in pages:
            for look in (follow_the_tree, open_every_address, search):
                try:
                    look(tab, url, page)
                except NothingHappened as problem:
                    refuse("had problems in the browser:", broken)
                    sys.exit(f"{page.name}: {look.__doc__}\nThat did not happen at {tab.url}: {problem}")
        browser.close()
    refuse("asked the network for", outside)
    refuse("had problems in the browser:", broken)
    entries = sum(len(page.codes) + len(page.errors) + len(page.statuses) for page in pages)
    print(f"Tried {site}/ in Chromium: {entries} entries, from the hierarchy to a code and back, and the search.")


def from_elsewhere(site: Path) -> list[str]:
    """Every script, style, font and picture that the files of *site* would load from another server."""
    found = [f"{path}: {what}" for path in sorted(site.rglob("*.html")) for what in loaded_by(path.read_text("utf-8"))]
    for path in sorted(site.rglob("*.css")):
        found += [f"{path}: {what}" for what in IMPORTED.findall(path.read_text("utf-8"))]
    return found


def loaded_by(html: str) -> list[str]:
    found: list[str] = IMPORTED.findall(html)

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            where = dict(attrs).get(LOADED.get(tag, "")) or ""
            if ELSEWHERE.match(where):
                found.append(f"<{tag}> {where}")

    Parser().feed(html)
    return found


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of *site* on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - named by the library

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def watch(tab: Tab, url: str) -> tuple[list[str], list[str]]:
    """What *tab* asks of other servers, which it does not get, and what goes wrong in it: filled while it is used."""
    outside: list[str] = []
    broken: list[str] = []

    def refuse_outside(route: Route, request: Request) -> None:
        if request.url.startswith((f"{url}/", "data:", "blob:")):
            route.continue_()
        else:
            outside.append(request.url)
            route.abort()

    tab.route("**/*", refuse_outside)
    tab.on("pageerror", lambda error: broken.append(str(error)))
    tab.on("response", lambda reply: broken.append(f"{reply.status} {reply.url}") if reply.status >= 400 else None)
    return outside, broken


def follow_the_tree(tab: Tab, url: str, page: ReferencePage) -> None:
    """From the start to the page of a vendor, down its hierarchy to a class and to each code, and back up."""
    tab.goto(f"{url}/")
    tab.locator(f'article a[href$="reference/{page.name}/"]').first.click()
    tab.wait_for_url(f"**/reference/{page.name}/")
    drawn = tab.locator(f"{IN_TREE} a").evaluate_all("links => links.map(link => link.textContent)")
    declared = [name for error in page.errors for name in (error.name, *dict.fromkeys(codes_of(page, error.name)))]
    expect(page.name, "its hierarchy", declared, drawn)
    followed = [(code.anchor, code.code) for code in page.codes]
    for anchor, name in followed or [(error.anchor, error.name) for error in page.errors]:
        tab.locator(f'{IN_TREE} a[href="#{anchor}"]').first.click()
        tab.wait_for_url(f"**/#{anchor}")
        entry = tab.locator(f'[id="{anchor}"]')
        entry.wait_for(state="visible")
        expect(name, "the heading of its entry", name, (entry.text_content() or "").rstrip("¶").strip())
        expect(name, "whether its entry is in view", True, in_view(tab, anchor))
        entry.locator('xpath=following-sibling::p/a[@href="#hierarchy"]').first.click()
        tab.wait_for_url("**/#hierarchy")
        expect(name, "whether the hierarchy is in view again", True, in_view(tab, "hierarchy"))


def codes_of(page: ReferencePage, error: str) -> list[str]:
    return [line.code for line in page.error(error).lines if line.code is not None]


def in_view(tab: Tab, anchor: str) -> bool:
    """Whether the browser has scrolled to *anchor*, once it has come to rest."""
    script = """anchor => {
        const box = document.getElementById(anchor).getBoundingClientRect();
        return box.top >= 0 && box.bottom <= window.innerHeight;
    }"""
    tab.wait_for_function(script, arg=anchor)
    return bool(tab.evaluate(script, anchor))


def open_every_address(tab: Tab, url: str, page: ReferencePage) -> None:
    """Each code, class and status has its entry at its address, with a cause and something to do."""
    tab.goto(f"{url}/reference/{page.name}/")
    text = " ".join((tab.locator("article").text_content() or "").split())
    for entry in (*page.codes, *page.errors, *page.statuses):
        expect(page.name, f"how often #{entry.anchor} is there", 1, tab.locator(f'[id="{entry.anchor}"]').count())
        for line in entry.lines:
            for said in (line.cause, line.fix):
                expect(entry.anchor, f"whether the page says {said!r}", True, plain(said or "?") in text)


def plain(markdown: str) -> str:
    return markdown.replace("`", "")


def search(tab: Tab, url: str, page: ReferencePage) -> None:
    """Typed into the search, a code is found, and the result leads to its entry."""
    wanted = [(code.code, code.anchor) for code in page.codes[:1]] or [(page.base, page.error(page.base).anchor)]
    for name, anchor in wanted:
        tab.goto(f"{url}/")
        tab.locator('input[name="query"]').click()
        tab.locator('input[name="query"]').press_sequentially(name)
        result = tab.locator(f'.md-search-result__link[href*="reference/{page.name}/"][href$="#{anchor}"]').first
        result.wait_for(state="attached")
        if not result.is_visible():  # below "more on this page", as entries of a long page may be
            tab.locator(".md-search-result__item", has=result).locator("summary").click()
        result.click()
        tab.wait_for_url(f"**/reference/{page.name}/**#{anchor}")
        expect(name, "whether the entry that was found is in view", True, in_view(tab, anchor))


def expect(where: str, what: str, expected: object, seen: object) -> None:
    if expected != seen:
        sys.exit(f"{where}: {what} should be {expected!r}, and is {seen!r}.")


def refuse(what: str, found: list[str]) -> None:
    if found:
        sys.exit("\n".join((f"The documentation {what}", *found)))


main(Path(sys.argv[1]), sys.argv[2])
