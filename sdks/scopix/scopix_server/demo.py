"""Demo accounts: one for each state that an account may be in."""

from __future__ import annotations

import contextlib
import hashlib
import io

from PIL import Image as Pillow

from failwell.clock import WallClock
from scopix.exceptions import QuotaExceededError, UploadError
from scopix_server.accounts import set_account
from scopix_server.files.adding import Received
from scopix_server.files.uploads import NewSession, Uploads
from scopix_server.settings import Settings
from scopix_server.store import Store

FULL, USED_UP, PAST_DUE = "hooli", "umbrella", "initech"
"""The tenants whose storage is full, whose month is used up, and whose payment is past due."""


DEMO_BUCKET = "demo"
"""The bucket with a picture and a document, which every account reaches; "denied" denies it."""


def seed(store: Store, clock: WallClock) -> None:
    """Let each of the demo accounts be in its state; one that was used since stays as it is."""
    content = _picture()
    bucket = store.folder.path / "buckets" / DEMO_BUCKET
    bucket.mkdir(parents=True, exist_ok=True)
    (bucket / "orange.png").write_bytes(content)
    (bucket / "notes.txt").write_text("The picture beside this document is orange.")
    set_account(store, PAST_DUE, past_due=True, anew=False)
    set_account(store, FULL, storage_limit=len(content), anew=False)
    set_account(store, USED_UP, monthly_limit=1, anew=False)
    for tenant in (FULL, USED_UP):
        # Whoever uploads first uses the account up: another server of this folder, perhaps, at this moment.
        with store.reading() as db:
            unused = not db.execute("SELECT month FROM accounts WHERE tenant = ?", (tenant,)).fetchone()[0]
        if unused:
            with contextlib.suppress(UploadError, QuotaExceededError):
                _upload(store, clock, tenant, content)


def _picture() -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (64, 48), "orange").save(file, "PNG")
    return file.getvalue()


def _upload(store: Store, clock: WallClock, tenant: str, content: bytes) -> None:
    """Upload a picture, the way everybody does."""
    received = Received("first.png", store.folder.write(content), len(content), hashlib.sha256(content).hexdigest())
    # Whatever the server's own limits are: they are for what comes later.
    uploads = Uploads(store, clock, Settings())
    session = uploads.open(tenant, NewSession(files=1, describe=False))
    uploads.accept(tenant, session.session_id, received)
