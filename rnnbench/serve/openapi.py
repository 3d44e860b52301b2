"""What the server says of itself: an OpenAPI document, and the same as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import rnnbench
from rnnbench.serve.served import MOST, Option, Served

_TEMPLATES = Path(__file__).parent / "pages"
_REFUSALS = {
    400: "The form, an option or an input is wrong: the error says which.",
    403: "The Host header names another host than a server on the loopback address has.",
    411: "The length of the request is not named.",
    413: "The request is too large.",
    415: "The request is no JSON.",
    429: "Too many requests wait: ask again.",
    500: "A fault inside rnnbench.",
    503: "The server is being stopped.",
}
_ERROR = {
    "type": "object",
    "properties": {"error": {
        "type": "object",
        "required": ["problem"],
        "properties": {
            "problem": {"type": "string", "description": "What is wrong."},
            "where": {"type": ["string", "null"], "description": "The field, option or input."},
            "hint": {"type": ["string", "null"], "description": "What to do."},
        },
    }},
}  # fmt: skip


def address_of(served: Served) -> str:
    """Where a run is asked."""
    return f"/runs/{quote(served.name)}/predict"


def about(served: Served) -> dict[str, Any]:
    """What a page needs to know of a run, as plain values."""
    card, use = served.card, served.predict
    return {
        "name": served.name,
        "address": address_of(served),
        "title": card.title,
        "summary": card.summary,
        "reads": use.reads,
        "writes": use.writes,
        "input": use.input,
        "accepts": use.accepts,
        "show": use.show,
        "pages": {name: quote(f"/runs/{served.name}/pages/{name}") for name in served.pages()},
        "sliders": [slider.__dict__ for slider in use.sliders],
        "options": [option._asdict() for option in served.options],
    }


def description(runs: Iterable[Served]) -> dict[str, Any]:
    """The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).

    Args:
        runs: The runs that are served.
    """
    paths: dict[str, Any] = {address_of(one): {"post": _operation(one)} for one in runs}
    plain = {"200": {"description": "As described.", "content": {"application/json": {"schema": {}}}}}
    paths["/runs"] = {"get": {"summary": "The runs, with their options.", "responses": plain}}
    paths["/health"] = {
        "get": {"summary": "Whether it serves, and how many requests were answered.", "responses": plain}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "rnnbench", "version": rnnbench.__version__, "description": "Answers of trained networks."},
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


def page(runs: Iterable[Served]) -> str:
    """The API for people to read.

    Args:
        runs: The runs that are served.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    shown = [{**about(one), "example": json.dumps(_example(one), ensure_ascii=False)} for one in runs]
    return environment.get_template("api.html").render(runs=shown, refusals=_REFUSALS, most=MOST)


def _operation(served: Served) -> dict[str, Any]:
    use = served.predict
    file = {
        "type": "object",
        "required": ["name", "data"],
        "properties": {
            "name": {"type": "string"},
            "data": {"type": "string", "contentEncoding": "base64"},
        },
    }
    request = {
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": False,
        "properties": {
            "inputs": {
                "type": "array",
                "description": use.reads,
                "items": {"type": "string"} if use.input == "lines" else file,
            },
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": {option.name: _schema(option) for option in served.options},
            },
            "show": {
                "type": "boolean",
                "default": False,
                "description": "Whether answers come with how they came about, where the application can show it.",
            },
        },
    }
    answer = {
        "type": "object",
        "required": ["answers", "warnings", "picture"],
        "properties": {
            "answers": {"type": "array", "description": use.writes, "items": {"type": "object"}},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "picture": {"type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "image/png"},
        },
    }
    refusals = {
        str(status): {
            "description": words,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, words in _REFUSALS.items()
    }
    return {
        "operationId": served.name,
        "summary": f"{served.card.title}: {served.card.summary}",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": request, "example": _example(served)}},
        },
        "responses": {
            "200": {"description": use.writes, "content": {"application/json": {"schema": answer}}},
            **refusals,
        },
    }


def _example(served: Served) -> dict[str, Any]:
    lines = served.predict.input == "lines"
    return {"inputs": ["..."] if lines else [{"name": "FILE", "data": "..."}], "options": {}, "show": False}


def _schema(option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {"type": option.type, "description": option.help}
    if option.default is not None:
        found["default"] = option.default
    if option.choices is not None:
        found["enum"] = option.choices
    if option.type == "array":
        found["items"] = {"type": "integer", "maximum": MOST}
    if option.type == "integer" and option.name != "seed":
        found["maximum"] = MOST
    return found
