"""``rnnbench push RUN NAME``: a trained run for others, on the Hugging Face hub."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "push",
        help="put a trained run on the Hugging Face hub",
        description="Uploads a finished run: weights as safetensors, options and record as text, and a model card made"
        " of the record. Options and record say where your data lie; --output shows all of it first. Log in once: hf"
        " auth login.",
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="the run folder")
    parser.add_argument("name", metavar="NAME", help="its name on the hub: OWNER/NAME")
    parser.add_argument("--private", action="store_true", help="nobody else may see it")
    parser.add_argument("--output", metavar="DIR", type=Path, help="write the files here, and upload nothing")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Pushes."""
    import tempfile

    from rnnbench.cli.quiet import quiet
    from rnnbench.hub.client import upload
    from rnnbench.hub.files import FILES, write_files
    from rnnbench.platform.run_folder import RunFolder

    quiet()
    found = RunFolder.open(arguments.run, "RUN")
    if arguments.output is not None:
        write_files(found, arguments.output, arguments.name)
        print(f"saved: {', '.join(str(arguments.output / name) for name in FILES)}; nothing was uploaded")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_files(found, Path(folder), arguments.name)
        address = upload(Path(folder), arguments.name, arguments.private)
    print(f"pushed: {address}\nuse it: rnnbench predict --run hf:{arguments.name}")
    return 0
