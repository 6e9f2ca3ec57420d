"""Contracts to test with: those of four published pages, and a made-up vendor whose classes have every form."""

from __future__ import annotations

from failwell import Catalogue
from pictograph.exceptions import CATALOGUE as PICTOGRAPH
from scopix.exceptions import CATALOGUE as SCOPIX
from subconscious.exceptions import CATALOGUE as SUBCONSCIOUS
from vectorshift.exceptions import CATALOGUE as VECTORSHIFT

from . import parcels_sample

CATALOGUES: dict[str, Catalogue] = {
    "pictograph": PICTOGRAPH,
    "scopix": SCOPIX,
    "subconscious": SUBCONSCIOUS,
    "vectorshift": VECTORSHIFT,
    "parcels-detail": parcels_sample.IN_DETAIL,
    "parcels-error-object": parcels_sample.IN_ERROR_OBJECT,
    "parcels-problem": parcels_sample.IN_PROBLEM,
    "parcels-first-of": parcels_sample.IN_FIRST_OF,
}

LOSSLESS = {name: catalogue for name, catalogue in CATALOGUES.items() if catalogue.envelope.lossless}
LOSSY = {name: catalogue for name, catalogue in CATALOGUES.items() if not catalogue.envelope.lossless}
