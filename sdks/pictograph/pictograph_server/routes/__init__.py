"""The paths of the API: each calls one function of the rooms beside, and knows nothing else."""

from __future__ import annotations

from pictograph_server.routes.annotations import router as annotations_router
from pictograph_server.routes.auto_annotate import router as auto_annotate_router
from pictograph_server.routes.connectors import router as connectors_router
from pictograph_server.routes.datasets import router as datasets_router
from pictograph_server.routes.exports import router as exports_router
from pictograph_server.routes.images import router as images_router
from pictograph_server.routes.models import router as models_router
from pictograph_server.routes.training import router as training_router

ROUTERS = (
    datasets_router,
    images_router,
    annotations_router,
    auto_annotate_router,
    connectors_router,
    exports_router,
    training_router,
    models_router,
)
