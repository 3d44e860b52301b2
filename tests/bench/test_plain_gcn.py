"""What an epoch of a GCN is timed against does the same as the preset."""

import pytest
import torch

from rnnbench.bench.plain_gcn import PlainGCN
from rnnbench.data import StochasticBlocks
from rnnbench.data.graphs.batch import GraphSamples
from rnnbench.tasks.graphs import GCN, ConvolutionModel
from rnnbench.tasks.graphs.data import spec_of


@pytest.mark.slow
def test_the_plain_network_computes_what_ours_does():
    pytest.importorskip("torch_geometric")
    found = StochasticBlocks(nodes=30).read()
    batch = GraphSamples(found.splits["train"])([0], 0)
    model = ConvolutionModel(GCN, hidden_size=16)
    model.use_spec(spec_of(found, normalised=False))
    plain = PlainGCN(batch, torch.arange(5), len(found.classes))
    for ours, theirs in zip(model.layers, (plain.first, plain.second), strict=True):
        theirs.load_state_dict(ours.layer.state_dict())
    model.eval()
    plain.eval()
    assert torch.allclose(plain()[batch.about[:, 0]], model.answer(batch).scores, atol=1e-5)
    plain.train_epoch()
    plain.validate()
