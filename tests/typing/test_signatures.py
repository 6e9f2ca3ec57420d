from __future__ import annotations

import inspect

import pytest

from failwell import Error
from pictograph import exceptions as pictograph
from scopix import exceptions as scopix
from tests.signatures import printed_parameters, real_parameters
from tests.spec import constructors, page, tree
from vectorshift import exceptions as vectorshift

PRINTED = constructors()


def test_the_page_prints_eighteen_constructors() -> None:
    """
    No constructor of the page is overlooked.
    """
    assert page("scopix-sdk").count("def __init__(") == len(PRINTED) == 18


@pytest.mark.parametrize("name", PRINTED)
def test_printed_constructors(name: str) -> None:
    """
    C1. A published class has exactly the constructor that its page prints: names, order, kinds, defaults, types.
    """
    assert printed_parameters(PRINTED[name]) == real_parameters(getattr(scopix, name))


@pytest.mark.parametrize("error", pictograph.CATALOGUE.errors, ids=lambda error: error.__name__)
def test_constructors_that_no_page_prints(error: type[Error]) -> None:
    """
    Where the page prints no constructor, the message is the one positional argument and fields are keywords.
    """
    message, *fields = inspect.signature(error).parameters.values()

    assert ("message", message.POSITIONAL_OR_KEYWORD, message.empty) == (message.name, message.kind, message.default)
    assert {inspect.Parameter.KEYWORD_ONLY} == {field.kind for field in fields}
    assert inspect.Parameter.empty not in {field.default for field in fields}


def test_vectorshift_tree() -> None:
    """
    The VectorShift SDK has the tree of its page.
    """
    for leaf in tree("vectorshift"):
        found = getattr(vectorshift, leaf.name)

        assert leaf.parent in (None, found.__bases__[0].__name__)
    assert vectorshift.ApiStatusError is vectorshift.VectorshiftApiError


def test_documented_attributes() -> None:
    """
    What the comments of the page say is in `details` is there.
    """
    upload = scopix.UploadError("m", filename="a.jpg", stage="upload")
    quota = scopix.QuotaExceededError("m", available=1, limit=2)
    missing = scopix.ResourceNotFoundError("file", "f1")
    video = scopix.VideoUploadError("m", media_id="v", stage="initiate", partial_chunks=3)

    assert {"filename": "a.jpg", "stage": "upload"} == upload.details
    assert {"available": 1, "limit": 2} == quota.details
    assert {"resource_type": "file", "resource_id": "f1"} == missing.details
    assert {"media_id": "v", "stage": "initiate", "partial_chunks": 3} == video.details
    assert ("UPLOAD_ERROR", "custom") == (upload.code, scopix.ChatError("m", error_code="custom").code)
