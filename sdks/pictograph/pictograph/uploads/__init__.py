"""Uploading a whole folder, blocking and awaiting."""

from pictograph.uploads.report import UploadReport

__all__ = ["UploadReport"]
