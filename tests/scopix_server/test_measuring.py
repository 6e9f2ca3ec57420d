"""The provider that measures, and how long is waited for one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter

from failwell.server.jobs.limited import MOST_BUSY
from scopix_server import ProviderDownError, ProviderSlowError, Settings
from scopix_server.engine.measuring import Measuring, dominant_colours
from scopix_server.engine.pictures import BrokenPictureError
from scopix_server.engine.plugins import provider_of
from scopix_server.engine.provider import describe_within

from .api import picture


def test_description() -> None:
    """
    The description tells size, shape, colours and sharpness, and that nothing was recognised.
    """
    said = Measuring(Settings()).describe(picture("blue", (40, 30)), "sea.png")

    assert (
        "Measured, not recognised: 40 x 30 pixels (landscape); mostly blue (100%); "
        "blurred or plain (edges deviate by 0.0)." == said
    )


def test_colours() -> None:
    """
    The dominant colours are told with their share, the largest first; what is below a tenth is not told.
    """
    image = Image.new("RGB", (100, 100), "white")
    image.paste((220, 30, 30), (0, 0, 100, 30))
    image.paste((0, 0, 0), (0, 98, 100, 100))

    assert [("white", 0.68), ("red", 0.3)] == dominant_colours(image)


def test_sharpness() -> None:
    """
    A picture with edges is sharp; blurred, it is not any more.
    """
    board = Image.new("L", (64, 64))
    board.putdata([255 * ((x // 8 + y // 8) % 2) for y in range(64) for x in range(64)])

    def word(image: Image.Image) -> str:
        from io import BytesIO

        file = BytesIO()
        image.save(file, "PNG")
        return Measuring(Settings()).describe(file.getvalue(), "x.png").split("; ")[2].split(" (")[0]

    assert ("sharp", "blurred or plain") == (word(board), word(board.filter(ImageFilter.GaussianBlur(30))))


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_sizes(size: tuple[int, int]) -> None:
    """
    A picture of one pixel, or one line, is measured like any other.
    """
    assert f"{size[0]} x {size[1]} pixels" in Measuring(Settings()).describe(picture("red", size), "x.png")


@pytest.mark.parametrize(
    ("state", "filename", "raised"),
    [
        ("down", "x.png", ProviderDownError),
        ("slow", "x.png", ProviderSlowError),
        ("up", "provider-down.png", ProviderDownError),
        ("up", "provider-slow.png", ProviderSlowError),
    ],
)
def test_state(state: str, filename: str, raised: type[Exception]) -> None:
    """
    The provider is as the settings, or the name of a file, say.
    """
    with pytest.raises(raised):
        Measuring(Settings(vision_state=state)).describe(picture(), filename)  # type: ignore[arg-type]


class Asked:
    """A provider that does what it is told."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self._answer = answer

    def describe(self, content: bytes, filename: str) -> str:
        return self._answer()


def test_too_slow() -> None:
    """
    A provider that does not answer in time is not waited for any longer.
    """
    never = threading.Event()

    with pytest.raises(ProviderSlowError, match=r"gave no answer within 0\.05 s"):
        describe_within(Asked(lambda: str(never.wait())), b"", "x.png", 0.05)

    never.set()


def test_a_provider_that_hangs_costs_no_more_threads() -> None:
    """
    A provider that never answers has a bounded number of threads, however many pictures come.
    """
    never, before = threading.Event(), set(threading.enumerate())  # some may end meanwhile
    messages: list[str] = []
    for _ in range(MOST_BUSY + 5):
        with pytest.raises(ProviderSlowError) as caught:
            describe_within(Asked(lambda: str(never.wait())), b"", "x.png", 0.001)
        messages.append(str(caught.value))
    threads = len(set(threading.enumerate()) - before)
    never.set()

    assert (MOST_BUSY, {f"The vision provider is busy with {MOST_BUSY} calls. Try again later."}) == (
        threads,
        set(messages[MOST_BUSY:]),
    )
    assert "True" == describe_within(Asked(lambda: "True"), b"", "x.png", 60)


@pytest.mark.parametrize("problem", [ProviderDownError("off"), BrokenPictureError("no"), ProviderSlowError("later")])
def test_failures_pass(problem: Exception) -> None:
    """
    What a provider says of itself, or of the picture, is what the caller hears.
    """

    def fail() -> str:
        raise problem

    with pytest.raises(type(problem), match=str(problem)):
        describe_within(Asked(fail), b"", "x.png", 5)


def test_a_crash_is_being_down() -> None:
    """
    A provider that fails in any other way is down; what it raised is the cause, and is not told.
    """

    def fail() -> str:
        raise KeyError("secret")

    with pytest.raises(ProviderDownError, match="The vision provider failed") as caught:
        describe_within(Asked(fail), b"", "x.png", 5)

    assert isinstance(caught.value.__cause__, KeyError)
    assert "secret" not in str(caught.value)


def test_pluggable() -> None:
    """
    The provider is the class that the settings name.
    """
    assert isinstance(provider_of(Settings()), Measuring)
    assert isinstance(provider_of(Settings(vision_provider=f"{__name__}:Other")), Other)


class Other:
    """Another provider."""

    def __init__(self, settings: Settings) -> None:
        pass

    def describe(self, content: bytes, filename: str) -> str:
        return "Another."
