# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failwell import hint
from failwell.wire import Reply, parse_reply
from scopix import (
    AuthenticationError,
    QuotaExceededError,
    RateLimitError,
    ScopixError,
    ScopixPermissionError,
    ScopixTimeoutError,
    ServerError,
    UploadError,
)
from scopix.exceptions import CATALOGUE
from scopix_server import Settings
from tests.scopix_server.api import Api, picture

Serve = Callable[[Settings], Api]


def held(answer: Any, code: str, kind: type[ScopixError], solution: str, operation: str | None = None) -> None:
    """The answer has *code*, becomes *kind*, and its hint begins with the page's *solution*."""
    reply = Reply(answer.status_code, dict(answer.headers), answer.content)
    found = parse_reply(reply, CATALOGUE, operation=operation)
    assert (kind, code) == (type(found), found.case.code)
    assert hint(found).startswith(solution)
    assert found.args[0]


@pytest.mark.documented("scopix-api", lines=(29, 30))
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer sk_" + "x" * 43, "Basic eDp5"])
def test_invalid_api_key(api: Api, header: str) -> None:
    """
    INVALID_API_KEYThe API key provided is invalid or malformed
    Solution: Check that you're using a valid API key from your dashboard
    """
    answer = api.client.get("/files", headers={"Authorization": header} if header else {})

    solution = "Check that you're using a valid API key from your dashboard"
    held(answer, "INVALID_API_KEY", AuthenticationError, solution)


@pytest.mark.documented("scopix-api", lines=(31, 32))
def test_expired_api_key(api: Api) -> None:
    """
    EXPIRED_API_KEYThe API key has expired
    Solution: Generate a new API key from your dashboard
    """
    answer = api.send("GET", "/files", "expired")

    held(answer, "EXPIRED_API_KEY", AuthenticationError, "Generate a new API key from your dashboard")


@pytest.mark.documented("scopix-api", lines=(33, 34))
def test_deactivated_api_key(api: Api) -> None:
    """
    DEACTIVATED_API_KEYThe API key has been deactivated
    Solution: Generate a new API key from your dashboard
    """
    answer = api.send("GET", "/files", "revoked")

    held(answer, "DEACTIVATED_API_KEY", AuthenticationError, "Generate a new API key from your dashboard")


@pytest.mark.documented("scopix-api", lines=(35, 36))
def test_authz_error(api: Api) -> None:
    """
    AUTHZ_ERRORAPI key lacks required authorization for this operation
    Solution: Create a new API key with the required scope
    """
    answer = api.send("POST", "/uploads", "viewer", json={"files": 1})

    held(answer, "AUTHZ_ERROR", ScopixPermissionError, "Create a new API key with the required scope")


@pytest.mark.documented("scopix-api", lines=(38, 39))
def test_http_413(serve: Serve) -> None:
    """
    HTTP_413File exceeds maximum size limit or storage quota exceeded
    Solution: Reduce file size. Check the message for details.

    The details have the size and the limit.
    """
    answer = serve(Settings(max_file_bytes=1000)).put(b"x" * 1001)

    held(answer, "HTTP_413", UploadError, "Reduce file size. Check the message for details.", "files.upload")
    assert {"limit": 1000, "size": 1001, "stage": "upload"} == answer.json()["error"]["details"]


@pytest.mark.documented("scopix-api", lines=(41, 42))
def test_storage_quota_exceeded(api: Api) -> None:
    """
    STORAGE_QUOTA_EXCEEDEDAccount storage limit reached
    Solution: Delete unused files or upgrade your plan
    """
    answer = api.put(picture(), key="full")

    held(answer, "STORAGE_QUOTA_EXCEEDED", QuotaExceededError, "Delete unused files or upgrade your plan")


@pytest.mark.documented("scopix-api", lines=(43, 44))
def test_rate_limit_error(api: Api) -> None:
    """
    RATE_LIMIT_ERRORToo many API requests in the time window
    Solution: Implement exponential backoff and respect Retry-After
    """
    while (answer := api.send("GET", "/files", "free")).status_code == 200:
        pass

    held(answer, "RATE_LIMIT_ERROR", RateLimitError, "Implement exponential backoff and respect Retry-After")


@pytest.mark.documented("scopix-api", lines=(45, 46))
def test_usage_limit_exceeded(api: Api) -> None:
    """
    USAGE_LIMIT_EXCEEDEDMonthly API call or processing limit reached
    Solution: Wait for next billing cycle or upgrade plan

    It is never retried.
    """
    answer = api.put(picture(), key="used_up")

    held(answer, "USAGE_LIMIT_EXCEEDED", QuotaExceededError, "Wait for next billing cycle or upgrade plan")
    assert "never" == CATALOGUE.resolve(429, "USAGE_LIMIT_EXCEEDED")[1].retry


@pytest.mark.documented("scopix-api", lines=(48, 49))
def test_image_processing_error(api: Api) -> None:
    """
    IMAGE_PROCESSING_ERRORImage processing or analysis failed
    Solution: Check file integrity and try re-uploading
    """
    answer = api.put(picture("red")[:60], "broken.png")

    solution = "Check file integrity and try re-uploading"
    held(answer, "IMAGE_PROCESSING_ERROR", UploadError, solution, "files.upload")


@pytest.mark.documented("scopix-api", lines=(50, 51))
def test_vlm_provider_error(serve: Serve) -> None:
    """
    VLM_PROVIDER_ERRORAI vision provider encountered an error during analysis
    Solution: Retry the request. If the error persists, the provider may be temporarily unavailable.
    """
    api = serve(Settings(vision_state="down"))
    answer = api.send("POST", f"/files/{api.upload()['id']}/description")

    solution = "Retry the request. If the error persists, the provider may be temporarily unavailable."
    held(answer, "VLM_PROVIDER_ERROR", ServerError, solution, "files.describe")


@pytest.mark.documented("scopix-api", lines=(52, 53))
def test_timeout(serve: Serve) -> None:
    """
    TIMEOUTOperation timed out
    Solution: Retry with smaller batch size or simpler query
    """
    api = serve(Settings(vision_state="slow", description_seconds=0.05))
    answer = api.send("POST", f"/files/{api.upload()['id']}/description")

    held(answer, "TIMEOUT", ScopixTimeoutError, "Retry with smaller batch size or simpler query", "files.describe")
