"""Every preset of this application trains a little on tagged sentences of one's own."""

import json

from precisions import in_every_precision

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("labelling/")]


@in_every_precision(PRESETS)
def test_every_preset_trains_in_every_precision(preset, precision, rnnbench, tmp_path):
    rows = [
        {"tokens": ["Ada", "saw", "北京", str(i)], "tags": ["B-PER", "O", "B-LOC", "O"]} for i in range(7)
    ]  # fmt: skip
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # The presets of fixed data sets check them against their cards, and GloVe is a download.
    source = f"{{class_path: rnnbench.data.Files, init_args: {{path: {tmp_path}, card: null}}}}"
    (tmp_path / "own.yaml").write_text(f"data: {{init_args: {{source: {source}, vectors: null}}}}")
    words = f"fit --config {preset} --config smoke --config own.yaml --name smoke --trainer.precision {precision}"
    assert rnnbench(words).status == 0
    assert (tmp_path / "runs/labelling/smoke/result.json").is_file()
