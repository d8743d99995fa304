"""Alembic environment of every service: one transaction per migration run, lock and statement times bounded."""

from alembic import context
from sqlalchemy import create_engine, text

from web.database import Base

config = context.config


def run() -> None:
    """Run the wanted migrations as the owner role."""
    engine = create_engine(config.attributes["url"])
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
