"""From the bytes of a file to an OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError


class UnreadableDocumentError(ExceptionFields, ContractError):
    """The file *where* is no OpenAPI document, for this *reason*."""

    where: str
    reason: str
    template = "{where} cannot be imported: {reason}"


def load(data: bytes, where: str) -> dict[str, Any]:
    """The OpenAPI 3 document in *data*, which is JSON or YAML; *where* names it in errors.

    Raises:
        UnreadableDocumentError: it is neither, or another kind of document, or YAML without PyYAML.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UnreadableDocumentError(where, f"it is not UTF-8 (byte {problem.start}). Save it as UTF-8.") from None
    found = _json(text, where) if text.lstrip().startswith("{") else _yaml(text, where)
    if not isinstance(found, dict):
        raise UnreadableDocumentError(where, f"it holds a {type(found).__name__}, an OpenAPI document is an object.")
    if "swagger" in found:
        raise UnreadableDocumentError(where, f"it is Swagger {found['swagger']}. Convert it to OpenAPI 3 first.")
    if not str(found.get("openapi", "")).startswith("3."):
        raise UnreadableDocumentError(where, 'it has no "openapi": "3...". Only OpenAPI 3 is read.')
    if not isinstance(found.get("paths", {}), dict):
        raise UnreadableDocumentError(where, '"paths" is no object.')
    return found


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UnreadableDocumentError(where, f"it begins like JSON, and is not ({problem}).") from None


def _yaml(text: str, where: str) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise UnreadableDocumentError(
            where, 'it is YAML, which needs PyYAML. Install it with: pip install "failwell[cli]"'
        ) from None
    from failwell.reference.importing.yaml12 import load_yaml

    try:
        return load_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise UnreadableDocumentError(where, f"it is not YAML ({' '.join(str(problem).split())}).") from None
