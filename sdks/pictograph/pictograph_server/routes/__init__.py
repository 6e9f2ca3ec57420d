"""The paths of the API: each calls one function of the rooms beside, and knows nothing else."""

from pictograph_server.routes import (
    annotations,
    auto_annotate,
    connectors,
    datasets,
    exports,
    images,
    models,
    training,
)

ROUTERS = tuple(
    module.router for module in (datasets, images, annotations, auto_annotate, connectors, exports, training, models)
)
