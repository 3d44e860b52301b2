"""What a run was asked for: the command, the preset and every option, kept from before the data are read."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.platform.settings import changed_options, flatten, settings_hash
from rnnbench.results.record import read_result
from rnnbench.safe_files import read_text, replace_text


@dataclass(frozen=True)
class Request:
    """How a run began, and with what options it goes on.

    Args:
        command: The command line; further ones that changed an option follow after ``&&``.
        preset: Name of the preset the run was made from, if it was.
        started: When it began, ISO 8601 with the time zone.
        options: Every option, from dotted name to plain value.
        config: The same as the text of ``config.yaml``.
    """

    command: str
    preset: str | None
    started: str
    options: dict[str, Any]
    config: str

    @classmethod
    def new(cls, command: str, preset: str | None, config: str) -> Request:
        """That of a run that begins now.

        Args:
            command: The command line.
            preset: The preset.
            config: Text of ``config.yaml``.
        """
        return cls(command, preset, now(), _options(config), config)

    @classmethod
    def of(cls, run: RunFolder) -> Request | None:
        """That of a run in a folder; None where nothing says it, of a run that an older version began.

        Raises:
            UserError: The file is damaged.
        """
        config = read_text(run.config)
        if run.request.is_file():
            try:
                content = json.loads(read_text(run.request))
                return cls(**content, config=config)
            except (ValueError, TypeError) as error:
                raise UserError(
                    f"damaged: {error}",
                    where=run.request,
                    hint="delete it; what config.yaml and result.json say takes its place",
                ) from None
        # Of a run that was made before there were such files.
        if not run.result.is_file():
            return None
        result = read_result(run.result)
        return cls(result.command, result.preset, result.started, _options(config), config)

    @property
    def seed(self) -> int | None:
        """The seed; None for none."""
        seed = self.options.get("seed_everything")
        return seed if isinstance(seed, int) and not isinstance(seed, bool) else None

    def refuse_change(self, config: str) -> None:
        """Sees to it that the run goes on as it was.

        Args:
            config: The options with which it is to go on, as the text of ``config.yaml``.

        Raises:
            UserError: One of them has another value, and that would make it another run.
        """
        changed = changed_options(self.options, _options(config))
        if changed:
            (name, before, after), *further = changed
            more = "".join(f"; --{name}: {before!r}, now {after!r}" for name, before, after in further)
            raise UserError(
                f"the run was begun with {before!r}, and {after!r} would make it another run{more}",
                where=f"--{name}",
                hint="leave the option as it was, or start a new run",
            )

    def resumed(self, command: str, config: str) -> Request:
        """That of the same run when it goes on.

        Args:
            command: The command line that resumes it.
            config: Its options as the text of ``config.yaml``.
        """
        options = _options(config)
        same = settings_hash(options) == settings_hash(self.options)
        command = self.command if same else f"{self.command} && {command}"
        return dataclasses.replace(self, command=command, options=options, config=config)

    def write(self, run: RunFolder) -> None:
        """Puts it into the run folder; with `config.yaml`, which is written last, the folder is a run.

        Args:
            run: The folder.
        """
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del content["config"]
        replace_text(run.request, json.dumps(content, indent=2, default=str) + "\n")
        replace_text(run.config, self.config)


def now() -> str:
    """The time, as records hold it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _options(config: str) -> dict[str, Any]:
    # As JSON would give it back, so that what was read equals what was written.
    return json.loads(json.dumps(flatten(yaml.safe_load(config)), default=str))
