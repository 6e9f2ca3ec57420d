"""Nested scripts: a client is answered by the innermost `with` block, in whatever order blocks end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from failwell._support.frozen import Frozen

if TYPE_CHECKING:
    from failwell.client.core import Core
    from failwell.clock import Clock


class Layer(Frozen):
    """What a client sends with, and waits on."""

    transport: Any
    clock: Clock
    apart: Clock | None = None
    """Stands for the clock in what calls share: that of a block is not known to calls outside on the same clock."""


_lock = threading.Lock()
_layers: WeakKeyDictionary[Core, list[Layer]] = WeakKeyDictionary()
"""By client, what it had at first, and above it the layers of the blocks that are open."""


def bottom(core: Core) -> Layer:
    """What *core* has when no block is open."""
    with _lock:
        known = _layers.get(core)
        return known[0] if known else Layer(*core.connection)


def put(core: Core, layer: Layer) -> None:
    """Let *core* use *layer*."""
    with _lock:
        if core not in _layers:
            _layers[core] = [Layer(*core.connection)]
        _layers[core].append(layer)
        core.connect(layer.transport, layer.clock, layer.apart)


def take(core: Core, layer: Layer) -> None:
    """Let *core* no longer use *layer*, but the one below, and at last what it had at first."""
    with _lock:
        left = _layers[core] = [each for each in _layers[core] if each is not layer]
        core.connect(left[-1].transport, left[-1].clock, left[-1].apart)
        if len(left) == 1:
            del _layers[core]
