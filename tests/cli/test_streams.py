"""Standard input and output that are closed, full, or not what they should be."""

import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.cli import main, own_code
from rnnbench.cli.own_code import see_working_folder

WRITES = "from rnnbench.cli import streams; streams.open_closed(); streams.write_output(['x'])"
READS = "from rnnbench.cli import streams; streams.open_closed(); list(streams.input_blocks())"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command, sys.executable], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def python(code: str) -> str:
    return f'"$0" -c "import sys; sys.argv = [\'rnnbench\']; {code}"'


@pytest.mark.parametrize("code", [WRITES, READS])
def test_a_closed_stream_is_named(code):
    closed = ">&-" if code == WRITES else "<&-"
    done = shell(f"{python(code)} {closed}")
    assert "UserError: standard " in done.stderr
    assert "is closed" in done.stderr


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path):
    code = (
        "from rnnbench.cli import streams; streams.open_closed();"
        f" f = open({str(tmp_path / 'kept')!r}, 'w'); f.write('kept'); print('lost', flush=True); f.close()"
    )
    assert shell(f"{python(code)} >&- <&- 2>&-").returncode == 0
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
@pytest.mark.parametrize("words", ["list", "fit --help"])
def test_a_full_device(words):
    done = shell(f'"$0" -m rnnbench {words} > /dev/full')
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output")
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 3


def test_a_reader_that_has_seen_enough():
    assert shell('"$0" -m rnnbench list | head -1').stderr == ""


def test_an_encoding_without_the_letter(tmp_path):
    done = shell('PYTHONIOENCODING=ascii "$0" -m rnnbench fit --config é; echo $?')
    assert "é" not in done.stderr
    assert done.stdout == "2\n"


def test_the_working_folder_comes_last_on_the_path(monkeypatch, tmp_path):
    """``./sacrebleu.py`` must not stand in for the library."""
    monkeypatch.setattr(own_code.sys, "path", ["", "/somewhere"])
    see_working_folder()
    see_working_folder()
    assert sys.path == ["/somewhere", str(tmp_path)]


def test_the_second_interruption_ends_at_once(monkeypatch, capsys):
    """Lightning turns the exception into ``exit(1)``."""

    def interrupted(words):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    monkeypatch.setattr("rnnbench.cli._dispatch", interrupted)
    assert main(["fit"]) == 130
    monkeypatch.setattr("rnnbench.cli._dispatch", lambda words: sys.exit(1))
    assert main(["fit"]) == 1
