"""Demo accounts: one for each state that an account may be in."""

from __future__ import annotations

import hashlib
import io

from PIL import Image as Pillow

from failwell.clock import WallClock
from scopix_server.accounts import set_account
from scopix_server.files.uploads import NewSession, Received, Uploads
from scopix_server.settings import Settings
from scopix_server.store import Store

FULL, USED_UP, PAST_DUE = "hooli", "umbrella", "initech"
"""The tenants whose storage is full, whose month is used up, and whose payment is past due."""


def seed(store: Store, clock: WallClock) -> None:
    """Let each of the demo accounts be in its state; one that is there stays as it is."""
    for tenant in (FULL, USED_UP, PAST_DUE):
        with store.reading() as db:
            known = db.execute("SELECT 1 FROM accounts WHERE tenant = ?", (tenant,)).fetchone()
        if known is not None:
            continue
        if tenant == FULL:
            set_account(store, tenant, storage_limit=_upload(store, clock, tenant))
        elif tenant == USED_UP:
            _upload(store, clock, tenant)
            set_account(store, tenant, monthly_limit=1)
        else:
            set_account(store, tenant, past_due=True)


def _upload(store: Store, clock: WallClock, tenant: str) -> int:
    """Upload a picture, the way everybody does; its size."""
    file = io.BytesIO()
    Pillow.new("RGB", (64, 48), "orange").save(file, "PNG")
    content = file.getvalue()
    received = Received("first.png", store.folder.write(content), len(content), hashlib.sha256(content).hexdigest())
    # Whatever the server's own limits are: they are for what comes later.
    uploads = Uploads(store, clock, Settings())
    session = uploads.open(tenant, NewSession(files=1, describe=False))
    return uploads.accept(tenant, session.session_id, received).size
