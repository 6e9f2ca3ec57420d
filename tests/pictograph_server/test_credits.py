from __future__ import annotations

import threading

import pytest

from pictograph.exceptions import PaymentRequiredError
from pictograph_server import add_credits, credit_balance, set_credits
from pictograph_server.runs import fail_run

from .api import Api
from .training_data import fill


def test_credits(api: Api) -> None:
    """
    A run costs 10 credits and 1 per annotated crop, taken when it is created.
    """
    fill(api)

    created = api.train()

    assert 18 == created["credits_charged"]
    assert 82 == credit_balance(api.store, "acme")
    api.ended(created)
    assert 82 == credit_balance(api.store, "acme")


def test_out_of_credits(api: Api) -> None:
    """
    Without enough credits a run is a PaymentRequiredError with `required`, `remaining` and `upgrade_url`, and no run.
    """
    fill(api)
    set_credits(api.store, "acme", 17)

    with pytest.raises(PaymentRequiredError) as caught:
        api.train()

    error = caught.value
    assert (18, 17, "https://pictograph.io/billing") == (error.required, error.remaining, error.upgrade_url)
    expected = "The run costs 18 credits, 17 are left. Top up at https://pictograph.io/billing"
    assert expected == error.message
    assert (17, []) == (credit_balance(api.store, "acme"), api.get("/training/")["data"])


def test_top_up(api: Api) -> None:
    """
    After topping up, the same run is accepted, and the last credit can be spent.
    """
    fill(api)
    set_credits(api.store, "acme", 17)
    add_credits(api.store, "acme", 1)

    assert "completed" == api.ended(api.train())["status"]
    assert 0 == credit_balance(api.store, "acme")


def test_credits_are_not_spent_twice(api: Api) -> None:
    """
    Of eight runs created at once with credits for three, three are created.
    """
    fill(api)
    set_credits(api.store, "acme", 3 * 18 + 17)
    outcomes: list[str] = []

    def create() -> None:
        try:
            outcomes.append(api.train(config={"epochs": 1})["status"])
        except PaymentRequiredError as error:
            outcomes.append(f"{error.remaining} left")

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["17 left"] * 5 + ["queued"] * 3 == sorted(outcomes)
    assert 17 == credit_balance(api.store, "acme")


def test_tenant_without_credits(api: Api) -> None:
    """
    A tenant that nobody gave credits has 0.
    """
    assert 0 == credit_balance(api.store, "unheard of")


def test_refunded_once(api: Api) -> None:
    """
    A run that has ended stays as it is: failing it again changes nothing, and returns no credits.
    """
    fill(api)
    run = api.ended(api.train())

    fail_run(api.store, api.clock, run["id"], "too late")

    assert run == api.get(f"/training/{run['id']}")["data"]
    assert 82 == credit_balance(api.store, "acme")
