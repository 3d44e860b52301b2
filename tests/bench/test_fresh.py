import json
import os

import pytest

from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.cli.presets import config_path
from rnnbench.machine import cores


def test_results_come_back():
    assert run_fresh(1, {}, json.loads, '{"a": [1, 2]}') == {"a": [1, 2]}


def test_variables_reach_the_process():
    assert run_fresh(1, {"RNNBENCH_BENCH_TEST": "5"}, os.getenv, "RNNBENCH_BENCH_TEST") == "5"
    assert run_fresh(2, {}, os.getenv, "OMP_NUM_THREADS") == "2"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_the_process_is_pinned():
    assert run_fresh(1, {}, cores) == 1


def test_what_is_printed_does_not_spoil_the_result():
    assert run_fresh(1, {}, print, "text") is None


def test_an_error_is_told_in_a_line():
    with pytest.raises(Failed, match=r"^loads: json.decoder.JSONDecodeError: Expecting .*$"):
        run_fresh(1, {}, json.loads, "{")


def test_all_of_what_the_user_can_mend_is_told():
    with pytest.raises(Failed, match=r"^config_path: .*speech/builtins.*; did you mean: speech/builtin"):
        run_fresh(1, {}, config_path, "speech/builtins")


def test_a_crash_is_told():
    with pytest.raises(Failed, match="abort: signal 6"):
        run_fresh(1, {}, os.abort)
