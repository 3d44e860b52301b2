"""A network whose hidden states are those of an automaton gives that automaton back."""

import functools

import pytest
import torch

import rnnbench.data
from rnnbench.backbone import Backbone
from rnnbench.data import Parity, Tomita
from rnnbench.tasks.long_range import LongRangeData, RecurrentModel
from rnnbench.tasks.long_range.extraction import extract


class Knowing(RecurrentModel):
    """Its hidden state is a vector for each state of an automaton, with noise on it."""

    def __init__(self, automaton, spec, noise=0.05):
        super().__init__(functools.partial(Backbone, hidden_size=12, engine="reference"))
        self.use_spec(spec)
        self.known, self.noise = automaton, noise
        generator = torch.Generator().manual_seed(1)
        self.vectors = torch.eye(12)[: len(automaton)]
        self.random = functools.partial(torch.randn, generator=generator)
        with torch.no_grad():
            self.output.weight.zero_()
            self.output.bias.zero_()
            for state, output in enumerate(automaton.output.tolist()):
                self.output.weight[output] += self.vectors[state]

    def hidden(self, x, lengths, asked):
        states = torch.from_numpy(self.known.run(x.numpy()))[asked]
        return self.vectors[states] + self.noise * self.random(len(states), 12)


def knowing(problem, automaton=None, **options):
    data = LongRangeData(problem, length=15, min_length=1, validation=300)
    model = Knowing(automaton or problem.automaton, data.spec, **options)
    # What a trainer would bring.
    model._trainer = type("Trainer", (), {"datamodule": data})()
    return model, data


@pytest.mark.parametrize("number", [2, 3, 5, 7])
def test_the_automaton_comes_back(number):
    found = extract(*knowing(Tomita(number=number)))
    assert found.fidelity == 1.0
    assert found.difference is None
    assert len(found.automaton) == len(Tomita(number=number).automaton)


def test_another_automaton_is_told_by_a_word():
    lost = rnnbench.data.RegularLanguage(expression="(0|1)*0|1*", symbols="01").automaton
    found = extract(*knowing(Tomita(number=4), lost))
    assert found.fidelity == 1.0, "it is what the network became"
    word = found.difference
    assert word is not None
    said = [one.outputs[one.output[one.run(torch.tensor([word]).numpy())[0, -1]]] for one in (lost, Tomita().automaton)]
    assert said[0] != said[1]


def test_a_network_without_states_is_not_faithful():
    found = extract(*knowing(Parity(), noise=10.0))
    assert found.fidelity < 0.9
