"""Every preset of this application trains a little on images of one's own."""

from precisions import in_every_precision
from tiny_network import TinyNetwork

from rnnbench.cli.presets import preset_names
from rnnbench.nn.image_encoders import pretrained

QUICK = {"captioning/builtin", "captioning/flickr8k_attention"}
PRESETS = [name for name in preset_names() if name.startswith("captioning/")]


@in_every_precision(PRESETS, QUICK)
def test_every_preset_trains_in_every_precision(preset, precision, rnnbench, corpus, tmp_path, monkeypatch):
    # The libraries of pretrained networks need not be there.
    monkeypatch.setattr(pretrained, "make_network", TinyNetwork)
    # The presets of fixed data sets check them against their cards.
    source = f"{{class_path: rnnbench.data.Files, init_args: {{path: {corpus}, card: null}}}}"
    own = f"data: {{init_args: {{source: {source}, folder: {corpus}, min_count: 1}}}}"
    if "frequent" not in preset and "nearest" not in preset:
        own += "\nmodel: {init_args: {backbone: {init_args: {hidden_size: 8, engine: reference}}}}"
        own += "\ntrainer: {limit_train_batches: 1}"
    (tmp_path / "own.yaml").write_text(own)
    words = f"fit --config {preset} --config smoke --config own.yaml --name smoke --trainer.precision {precision}"
    assert rnnbench(words).status == 0
    assert (tmp_path / "runs/captioning/smoke/result.json").is_file()
