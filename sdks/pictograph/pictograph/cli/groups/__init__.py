"""The groups of commands, one module each, in the order in which help names them."""

from pictograph.cli.groups import annotations, batches, datasets, exports, images, imports, models, training

GROUPS = tuple(group.app for group in (datasets, images, annotations, exports, training, models, batches, imports))
