"""The participant registry as this service accepted it, every version kept."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class RegistryVersion(Base):
    """One signed registry document. The highest version is in force; a lower one is never accepted after it."""

    __tablename__ = "registry_version"

    version: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime]
