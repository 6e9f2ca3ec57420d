"""The paths of the API: each calls one function of the rooms beside, and knows nothing else."""

from vectorshift_server.routes import agents, files, knowledge_bases, pipelines, runs, sessions

ROUTERS = tuple(module.router for module in (pipelines, runs, agents, sessions, knowledge_bases, files))
