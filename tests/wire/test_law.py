from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from failwell import Catalogue, Error
from failwell.wire import parse_reply, render_error, snapshot
from tests.contract.samples import CATALOGUES, LOSSLESS, LOSSY
from tests.contract.samples.strategies import Claim, errors, travelling


def claims(catalogues: dict[str, Catalogue]) -> list[object]:
    """One parameter per case of every catalogue, named after it."""
    return [
        pytest.param(catalogue, (cls, case), id=f"{name}-{cls.__name__}-{case}".replace(" ", "_"))
        for name, catalogue in catalogues.items()
        for cls, case in travelling(catalogue)
    ]


def travelled(error: Error, catalogue: Catalogue) -> Error:
    """*error* after one journey: rendered there, parsed here."""
    return parse_reply(render_error(error, catalogue), catalogue, operation=error.case.operation)


@pytest.mark.parametrize(("catalogue", "claim"), claims(LOSSLESS))
def test_the_law(catalogue: Catalogue, claim: Claim) -> None:
    """
    C2. An error that travels in a lossless envelope arrives as what it was: class, case, `args` and fields.
    """

    @given(errors(catalogue, claim))
    def holds(error: Error) -> None:
        assert snapshot(error) == snapshot(travelled(error, catalogue))
        assert claim == (type(error), error.case)

    holds()


@pytest.mark.parametrize(("catalogue", "claim"), claims(LOSSY))
def test_lossy_envelopes_reach_a_fixed_point(catalogue: Catalogue, claim: Claim) -> None:
    """
    C2. What a lossy envelope loses, it loses in the first journey; the second changes nothing.
    """

    @given(errors(catalogue, claim))
    def holds(error: Error) -> None:
        once = travelled(error, catalogue)

        assert snapshot(once) == snapshot(travelled(once, catalogue))
        assert type(error) is type(once)

    holds()


@given(st.data())
@pytest.mark.parametrize("name", CATALOGUES)
def test_the_request_id_travels(name: str, data: st.DataObject) -> None:
    """
    The request id that a server renders is the one that the client's error carries.
    """
    catalogue = CATALOGUES[name]
    error = data.draw(errors(catalogue, data.draw(st.sampled_from(travelling(catalogue)))))

    assert "req-1" == parse_reply(render_error(error, catalogue, request_id="req-1"), catalogue).request_id


def test_every_case_is_tried() -> None:
    """
    No HTTP case of any catalogue is left out of the law.
    """
    missing = [
        (name, cls.__name__, str(case))
        for name, catalogue in CATALOGUES.items()
        for cls, case in catalogue.cases()
        if case.source(cls.source) == "http" and (cls, case) not in travelling(catalogue)
    ]

    assert [] == missing
