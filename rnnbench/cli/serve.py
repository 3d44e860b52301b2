"""``rnnbench serve --run RUN`` and ``rnnbench demo --run RUN``: one server, with an API and with a page to try it."""

from __future__ import annotations

import argparse
import functools
import sys

_MIB = 2**20


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds both verbs."""
    serve = subparsers.add_parser(
        "serve",
        help="answer requests of other programs: a JSON API for trained models",
        description="Answers requests over HTTP until Ctrl-C or SIGTERM, and then those that it has taken on. The first"
        " page describes the API.",
    )
    demo = subparsers.add_parser(
        "demo",
        help="open a page on which trained models can be tried",
        description="Serves a page on this machine: type, choose a file or speak, and see what the model makes of it.",
    )
    for parser, is_demo in ((serve, False), (demo, True)):
        _add_options(parser)
        parser.set_defaults(func=functools.partial(run, is_demo))


def _add_options(parser: argparse.ArgumentParser) -> None:
    from rnnbench.cli.placing import PRECISIONS

    parser.add_argument(
        "--run", metavar="RUN", required=True, nargs="+", action="extend", help="run folders, or hf:NAME; one or more"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at; others reach 0.0.0.0 (default: this machine alone)"
    )
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free (default: 8000)")
    parser.add_argument(
        "--queue", type=int, default=64, metavar="N", help="requests at a time; a further one gets 429 (default: 64)"
    )
    parser.add_argument(
        "--batch-size", type=int, default=64, metavar="N", help="most inputs that are answered at once (default: 64)"
    )
    parser.add_argument("--upload", type=int, default=16, metavar="MIB", help="largest request, in MiB (default: 16)")
    parser.add_argument("--device", default="cpu", help="where it is computed: cpu, cuda, cuda:1, mps (default: cpu)")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="(default: 32-true)")


def run(is_demo: bool, arguments: argparse.Namespace) -> int:
    """Serves until it is told to end.

    Args:
        is_demo: Whether the first page is the one to try the runs on.
        arguments: The options.
    """
    from rnnbench.api.run import Run
    from rnnbench.cli.own_code import see_working_folder
    from rnnbench.cli.quiet import quiet
    from rnnbench.errors import UserError
    from rnnbench.serve.served import Served
    from rnnbench.serve.server import Limits, Server
    from rnnbench.serve.server import run as serve

    for name, low, high in (("port", 0, 65535), ("queue", 1, 10_000), ("batch_size", 1, 10_000), ("upload", 1, 1024)):
        if not low <= (found := getattr(arguments, name)) <= high:
            raise UserError(f"must be {low} to {high}, found {found}", where=f"--{name.replace('_', '-')}")
    quiet()
    see_working_folder()
    placed = [f"--device={arguments.device}", f"--precision={arguments.precision}"]
    runs = [Served(Run(name), placed) for name in arguments.run]
    twice = [one.name for number, one in enumerate(runs) if one.name in [other.name for other in runs[:number]]]
    if twice:
        raise UserError(f"two runs are called {twice[0]}", where="--run", hint="rename a folder")
    limits = Limits(arguments.queue, arguments.batch_size, arguments.upload * _MIB)
    server = Server(runs, (arguments.host, arguments.port), limits, is_demo)

    def ready() -> None:
        for one in runs:
            print(f"{one.name}: {one.card.title}")
        print(f"{server.address} until Ctrl-C", flush=True)
        if not server.loopback:
            print("others on the network can ask it: there is no password and no encryption", file=sys.stderr)

    serve(server, ready)
    waiting = server.waiting
    print(f"{waiting.answered:,} requests in {waiting.batches:,} batches, {server.refused:,} refused")
    return 0
