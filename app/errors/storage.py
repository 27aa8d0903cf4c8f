"""Errors of what this server stores."""

from __future__ import annotations

from app.errors.base import AkinError


class StorageFailed(AkinError):
    """The storage of example pictures cannot be read or written."""

    title = "Example pictures are not available at the moment"
    advice = "Try again in a moment, or search without the picture. Your search was kept."
    status = 503
    code = "STORAGE_FAILED"

    def __init__(self, message: str = "") -> None:
        """Pages show the message without the title: there is a default."""
        super().__init__(message or "The storage of example pictures does not respond.")


class StoreFailed(AkinError):
    """The database of what people stored cannot be read or written."""

    title = "What is stored here is not available at the moment"
    advice = "Try again in a moment. If this persists, tell the administrator of this server."
    status = 503
    code = "STORE_FAILED"


class StoreTooNew(StoreFailed):
    """A database that a newer version of Akin has changed."""

    advice = "Start that version of Akin, or restore a backup from before it."
    code = "STORE_TOO_NEW"


class BackupFailed(StoreFailed):
    """A backup that could not be written."""

    advice = "Nothing was written."
    code = "BACKUP_FAILED"


class CannotRestore(StoreFailed):
    """A backup that cannot be restored; nothing was changed."""

    advice = "Nothing was changed."
    code = "CANNOT_RESTORE"
