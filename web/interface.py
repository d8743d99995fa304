"""The JSON side of a service: flask-smorest with types, and with errors left to `web.problems`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import flask_smorest  # type: ignore[import-untyped]
from marshmallow import Schema

from web.problems import ProblemSchema

View = TypeVar("View", bound=Callable[..., Any])


class JsonBlueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint whose routes enter the OpenAPI description. Use it as flask-smorest's own; this one is typed."""

    def route(self, rule: str, *, parameters: Sequence[Any] | None = None, **options: Any) -> Callable[[View], View]:
        """Register a view under an address."""
        decorator: Callable[[View], View] = super().route(rule, parameters=parameters, **options)
        return decorator

    def arguments(self, schema: type[Schema] | Schema, **options: Any) -> Callable[[View], View]:
        """Read the request (its JSON body unless `location` says other) through a schema; the view gets the values."""
        decorator: Callable[[View], View] = super().arguments(schema, **options)
        return decorator

    def response(
        self, status_code: int | str, schema: type[Schema] | Schema | None = None, **options: Any
    ) -> Callable[[View], View]:
        """Write the view's result through a schema."""
        decorator: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorator

    def alt_response(self, status_code: int | str, **options: Any) -> Callable[[View], View]:
        """Describe an answer that the view makes itself."""
        decorator: Callable[[View], View] = super().alt_response(status_code, **options)
        return decorator


class Interface(flask_smorest.Api):  # type: ignore[misc]
    """The description of a service's JSON interface; errors are described as the problem details they are."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Errors are answered in one place for pages and interfaces alike."""
