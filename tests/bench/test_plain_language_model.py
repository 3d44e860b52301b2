"""What a step of a language model is timed against does the same."""

import pytest
import torch

from rnnbench.bench.plain_language_model import PlainLanguageModel, our_step, plain_step
from rnnbench.bench.training_step import instantiate


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*self.log")
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "Elman"])
def test_two_steps_change_both_alike(cell, tmp_path):
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.txt").write_text("what is read here is read again here\n" * 60, encoding="utf-8")
    model, data = instantiate(
        ["text_generation/char_lstm", "--data.source", "Files", f"--data.source.path={tmp_path}", "--data.batch_size=2",
         "--data.sequence_length=7", "--model.dropout=0", "--model.backbone.hidden_size=5", "--model.embedding_size=4",
         f"--model.backbone.cell={cell}", "--model.backbone.engine=reference"]
    )  # fmt: skip
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    plain = PlainLanguageModel(model)
    plain.embedding.load_state_dict(model.embedding.state_dict())
    plain.output.load_state_dict(model.output.state_dict())
    for number, (layer,) in enumerate(model.backbone.cells):
        for name, weight in layer.named_parameters():
            getattr(plain.layers, f"{name}_l{number}").data.copy_(weight.data)
    ours, theirs = (
        make(net, torch.optim.SGD(net.parameters(), 0.5), 1.0) for make, net in ((our_step, model), (plain_step, plain))
    )
    for batch, _ in zip(data.train_dataloader(), range(2), strict=False):
        ours(batch)
        theirs(batch)
    assert torch.allclose(model.output.weight, plain.output.weight, atol=1e-6)
    assert torch.allclose(model.embedding.weight, plain.embedding.weight, atol=1e-6)
