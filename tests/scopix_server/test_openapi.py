"""The OpenAPI document of the server."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from failwell.reference.openapi.examples import declared, examples
from failwell.wire import parse_reply
from scopix.exceptions import CATALOGUE

from ..reference.documents import Document, complaints, responses_of, shown
from ..reference.openapi_samples import snapshot
from .api import Api
