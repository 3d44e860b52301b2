"""Every preset of this application trains a little on sentences of one's own."""

import json

from precisions import in_every_precision

from rnnbench.cli.presets import preset_names

QUICK = {"translation/generated_attention", "translation/multi30k_gnmt", "translation/multi30k_bpe"}
PRESETS = [name for name in preset_names() if name.startswith("translation/")]


@in_every_precision(PRESETS, QUICK)
def test_every_preset_trains_in_every_precision(preset, precision, rnnbench, tmp_path):
    rows = [{"de": f"das ist {i} .", "en": f"this is {i} .", "zh": f"这是{i}。"} for i in range(7)]
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # The presets of fixed data sets check them against their cards.
    source = f"{{class_path: rnnbench.data.Files, init_args: {{path: {tmp_path}, card: null}}}}"
    backbone = "{init_args: {hidden_size: 8, engine: reference}}"
    own = f"{{data: {{init_args: {{source: {source}}}}}, model: {{init_args: {{backbone: {backbone}}}}}}}"
    (tmp_path / "own.yaml").write_text(own)
    words = f"fit --config {preset} --config smoke --config own.yaml --name smoke --trainer.precision {precision}"
    assert rnnbench(words).status == 0
    assert (tmp_path / "runs/translation/smoke/result.json").is_file()
