"""The shell of every service: one factory that turns features into a guarded Flask application.

A feature is a noun of a service (accounts, look_back, intake). It contributes blueprints: a flask blueprint for pages,
a `JsonBlueprint` for a JSON interface that enters the OpenAPI description; folders of templates and of
sentences; the rules its routes name in `@declares`; and the notices its pages may leave for the next page.

    app = make_app(settings, database=database, features=[accounts_feature(), look_back_feature()])

The shell adds what must not be forgotten anywhere: every route declares itself, every changing request proves where
it comes from, every body is bounded, every error is problem details or a page, every answer carries the headers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, pass_context

from web import csrf, headers, notices
from web.addresses import local_path, page_address
from web.assets import STYLE, StyleSheet, asset, load_style
from web.clock import Clock, system_clock
from web.context import EXTENSION, Shell, ShellSettings, close_transaction, current_shell, now
from web.cookies import read_cookie, set_cookie, view_cookie
from web.database import Database
from web.dates import say_day, say_moment, say_school_year, say_time
from web.i18n import (
    Locale,
    View,
    current_view,
    load_catalogues,
    parse_view,
    say,
    say_count,
    say_plain,
    show_name,
    show_text,
    use_view,
)
from web.interface import Interface, JsonBlueprint
from web.notices import Notice
from web.problems import reference, register_problems
from web.routes import Rule, declares, find_declarations

WEB = Path(str(files("web")))


@dataclass(frozen=True, slots=True)
class Feature:
    """What one feature brings to a service.

    `rules` are the names its routes may put into `requires`, each with the check that runs before the view.
    `template_globals` are functions every page may call. `translations` holds `ja.po` and `plain.po`.
    `styles` are added to the one style sheet of the service, before the rules for print.
    """

    name: str
    blueprints: Sequence[Blueprint] = ()
    templates: Path | None = None
    translations: Path | None = None
    styles: Sequence[Path] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)
    template_globals: Mapping[str, Any] = field(default_factory=dict)


def make_app(
    settings: ShellSettings,
    *,
    database: Database,
    features: Sequence[Feature],
    clock: Clock = system_clock,
    translations: Sequence[Path] = (),
) -> Flask:
    """Return the application of a service; `translations` adds folders of packages that have no feature.

    Raises `UndeclaredRoute` when a route does not say who may call it or names a rule nobody provides.
    """
    app = Flask("web", static_folder=str(WEB / "static"), template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        MAX_FORM_PARTS=200,
        PROPAGATE_EXCEPTIONS=False,
        API_TITLE=f"{settings.service_id} interface",
        API_VERSION=settings.api_version,
        OPENAPI_VERSION="3.1.0",
    )
    app.url_map.strict_slashes = False  # a redirect for a slash would be built from the Host header
    app.url_map.merge_slashes = False
    folders = [WEB / "translations", *(item.translations for item in features if item.translations), *translations]
    rules: dict[str, Rule] = {"anyone": _let_anyone}
    for feature in features:
        rules.update(feature.rules)
    shell = app.extensions[EXTENSION] = Shell(settings, database, load_catalogues(folders), clock, rules)
    _prepare_templates(app, features)
    register_problems(app)
    app.teardown_appcontext(close_transaction)
    app.before_request(_open_request)
    app.after_request(_close_response)

    style = app.extensions[STYLE] = load_style(WEB / "static", [path for item in features for path in item.styles])
    app.register_blueprint(_shell_pages(style))
    interface = Interface(app)
    for feature in features:
        for blueprint in feature.blueprints:
            registrar = interface if isinstance(blueprint, JsonBlueprint) else app
            registrar.register_blueprint(blueprint)
    app.view_functions["static"] = declares(requires="anyone", discloses="none")(app.view_functions["static"])
    shell.declarations.update(find_declarations(app, rules))
    return app


def describe_interface(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of a service's JSON interface, as `api_specs` keeps it."""
    spec: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return spec


def _let_anyone() -> None:
    """Ask nothing of the caller."""


def _prepare_templates(app: Flask, features: Sequence[Feature]) -> None:
    """Give templates their folders, words and filters; an unknown name in a template is an error, not an empty spot."""
    folders = [WEB / "templates", *(feature.templates for feature in features if feature.templates)]
    loaders: list[BaseLoader] = [FileSystemLoader(folder) for folder in folders]
    app.jinja_loader = ChoiceLoader(loaders)
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    known = {code: notice for feature in features for code, notice in feature.notices.items()}
    environment.globals.update(
        _=say,
        _t=say_plain,
        ngettext=say_count,
        asset=asset,
        csrf_field=csrf.csrf_field,
        csrf_token=csrf.csrf_token,
        view=current_view,
        locales=tuple(Locale),
        settings=app.extensions[EXTENSION].settings,
        take_notice=lambda: notices.take_notice(known),
        page_address=page_address,
        viewer=lambda: None,
        now=now,
    )
    for feature in features:
        environment.globals.update(feature.template_globals)
    filters: dict[str, Callable[..., str]] = {
        "ruby": show_text,
        "with_reading": show_name,
        "day": say_day,
        "time": say_time,
        "moment": say_moment,
        "school_year": say_school_year,
    }
    for name, draw in filters.items():
        environment.filters[name] = _per_reader(draw)


def _per_reader(draw: Callable[..., str]) -> Callable[..., str]:
    """Keep the template compiler from working a filter out beforehand, when no reader is there yet."""

    @pass_context
    def draw_for_reader(_: object, *values: object) -> str:
        return draw(*values)

    return draw_for_reader


def _open_request() -> ResponseReturnValue | None:
    """Before every view: the reader's language, the bounds, the proof of origin, the rule of the route."""
    shell = current_shell()
    prefers_english = request.accept_languages.best_match(["ja", "en"]) == "en"
    use_view(parse_view(read_cookie(view_cookie()), prefers_english=prefers_english), shell.catalogues)
    if request.endpoint is None:
        return None  # routing failed; Flask answers with the error next
    declaration = shell.declarations[request.endpoint]
    if declaration.max_body is not None:
        request.max_content_length = declaration.max_body
    if declaration.csrf_exempt is None:
        csrf.check_request()
    return shell.rules[declaration.requires]()


def _close_response(response: Response) -> Response:
    """After every view: cookies promised meanwhile, the reference number, the headers."""
    csrf.keep_visit(response)
    notices.carry_notice(response)
    response.headers["Request-Id"] = reference()
    return headers.add_headers(response, current_shell().settings)


def _shell_pages(style: StyleSheet) -> Blueprint:
    """The shell's own routes: life sign, style sheet, language and readings."""
    pages = Blueprint("shell", "web.shell")

    @pages.get("/health/live")
    @declares(requires="anyone", discloses="none")
    def health_live() -> ResponseReturnValue:
        return jsonify(status="live")

    @pages.get("/style/<version>.css")
    @declares(requires="anyone", discloses="none")
    def style_sheet(version: str) -> ResponseReturnValue:
        return Response(style.text, mimetype="text/css")

    @pages.post("/view")
    @declares(requires="anyone", discloses="none", csrf_exempt="changes only how pages look, and names nobody")
    def choose_view() -> ResponseReturnValue:
        csrf.check_origin()
        before = current_view()
        locale, ruby = request.form.get("locale", before.locale), request.form.get("ruby", "")
        language = Locale(locale) if locale in list(Locale) else before.locale
        # Who turns to plain Japanese is helped by readings; they can be switched off again.
        wanted = ruby == "all" if ruby in ("all", "off") else before.ruby or language is Locale.PLAIN
        chosen = View(language, wanted)
        answer = redirect(local_path(request.form.get("next")), 303)
        response = Response(answer.get_data(), 303, answer.headers.items())
        set_cookie(response, view_cookie(), chosen.to_cookie(), max_age=365 * 24 * 3600)
        return response

    return pages
