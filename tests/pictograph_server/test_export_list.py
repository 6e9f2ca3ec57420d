from __future__ import annotations

from typing import Any

import pytest

from pictograph.exceptions import ConflictError, ForbiddenError, NotFoundError, ValidationError

from .api import Api, box, picture
from .idle_jobs import idle
from .training_data import whole


def export(api: Api, name: str = "exp", dataset: str = "ds") -> Any:
    """An export of *dataset*."""
    return api.post("/exports/", {"dataset_name": dataset, "name": name})["data"]


def listed(api: Api, query: str = "") -> list[str]:
    """The names of the exports on a page."""
    return [entry["name"] for entry in api.get(f"/exports/?{query}")["data"]]


def test_list(api: Api) -> None:
    """
    Exports are listed newest first, of one dataset if asked, a page at a time.
    """
    other = api.post("/datasets/", {"name": "other"})["data"]
    made = [export(api, "a"), export(api, "b"), export(api, "a", "other")]

    assert made[::-1] == api.get("/exports/")["data"]
    assert ["b", "a"] == listed(api, "dataset_name=ds")
    assert ["a"] == listed(api, f"dataset_name={other['id']}")
    assert (["b"], ["b", "a"]) == (listed(api, "limit=1&offset=1"), listed(api, "limit=100&offset=1"))
    assert {"limit": 2, "offset": 0, "total": 3, "has_more": True} == api.get("/exports/?limit=2")["pagination"]
    assert [] == listed(api.as_("globex"))


def test_list_by_status(api: Api) -> None:
    """
    Every export is completed at once, so no other status lists any; an unknown one is a ValidationError.
    """
    export(api)

    assert (["exp"], [], []) == tuple(listed(api, f"status={status}") for status in ("completed", "pending", "failed"))
    with pytest.raises(ValidationError):
        listed(api, "status=nonsense")


def test_list_of_a_missing_dataset(api: Api) -> None:
    """
    A dataset that is not there, or is somebody else's, is a NotFoundError.
    """
    for caller, name in ((api, "no"), (api.as_("globex"), "ds")):
        with pytest.raises(NotFoundError, match=f'no dataset "{name}"'):
            listed(caller, f"dataset_name={name}")


@pytest.mark.parametrize("by", ["name", "id"])
def test_delete(api: Api, by: str) -> None:
    """
    A deleted export is gone from everywhere, its name is free again, and its images stay.
    """
    api.save(api.upload(picture()), box("a"))
    made = export(api)
    path = {"name": "exp?dataset=ds", "id": made["id"]}[by]

    assert (204, None) == api.send("DELETE", f"/exports/{path}")

    assert ([], 1) == (listed(api), len(api.get("/images/?dataset=ds")["data"]))
    for method, gone in (
        ("GET", path),
        ("DELETE", path),
        ("GET", path.replace("exp?", "exp/download?")),
        ("GET", made["id"]),
    ):
        with pytest.raises(NotFoundError):
            api.send(method, f"/exports/{gone}")
    with pytest.raises(NotFoundError, match="no export"):
        api.train(made["id"])
    again = export(api)
    assert ("exp", True) == (again["name"], again["id"] != made["id"])
    assert 204 == api.send("DELETE", "/exports/exp?dataset=ds")[0]


def test_delete_during_training(api: Api) -> None:
    """
    While a run trains on an export, deleting it is a ConflictError that names the run; the run keeps its export's id.
    """
    for name, color in (("a", "red"), ("b", "blue")):
        api.save(api.upload(picture(color), f"{name}.png"), whole(name))
    made = export(api)
    with idle(api):
        run = api.train()

        with pytest.raises(ConflictError, match=f"Training run {run['id']} reads this export"):
            api.send("DELETE", "/exports/exp?dataset=ds")
        with api.store.writing() as db:
            db.execute("UPDATE runs SET status = 'failed'")
        api.send("DELETE", "/exports/exp?dataset=ds")

    assert (made["id"], []) == (api.get(f"/training/{run['id']}")["data"]["export_id"], listed(api))


def test_delete_as_a_viewer(api: Api) -> None:
    """
    A viewer may not delete.
    """
    export(api)

    with pytest.raises(ForbiddenError):
        api.as_("acme", "viewer").send("DELETE", "/exports/exp?dataset=ds")
    assert ["exp"] == listed(api)


def test_delete_of_a_foreign_export(api: Api) -> None:
    """
    Somebody else's export answers like one that does not exist, and stays.
    """
    made = export(api)

    for wanted in (made["id"], "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"):
        with pytest.raises(NotFoundError, match=f'There is no export "{wanted}"'):
            api.as_("globex").send("DELETE", f"/exports/{wanted}")
    assert ["exp"] == listed(api)
