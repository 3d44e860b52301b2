"""Every preset of this application trains a little on sentences of one's own."""

import json

import pytest

from rnnbench.cli.presets import preset_names

QUICK = {"translation/generated_attention", "translation/multi30k_gnmt", "translation/multi30k_bpe"}
PRESETS = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
    for name in preset_names()
    if name.startswith("translation/")
]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains(preset, rnnbench, tmp_path):
    rows = [{"de": f"das ist {i} .", "en": f"this is {i} .", "zh": f"这是{i}。"} for i in range(7)]
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # The presets of fixed data sets check them against their cards.
    source = f"{{class_path: rnnbench.data.Files, init_args: {{path: {tmp_path}, card: null}}}}"
    backbone = "{init_args: {hidden_size: 8, engine: reference}}"
    own = f"{{data: {{init_args: {{source: {source}}}}}, model: {{init_args: {{backbone: {backbone}}}}}}}"
    (tmp_path / "own.yaml").write_text(own)
    assert rnnbench(f"fit --config {preset} --config smoke --config own.yaml --name smoke")[0] == 0
    assert (tmp_path / "runs/translation/smoke/result.json").is_file()
