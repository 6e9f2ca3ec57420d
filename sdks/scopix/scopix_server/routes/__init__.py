"""The paths of the API: each calls one function of the rooms beside, and knows nothing else."""

from scopix_server.routes import chat, cloud, documents, files, uploads, videos

ROUTERS = tuple(module.router for module in (files, uploads, documents, chat, videos, cloud))
