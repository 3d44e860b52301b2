import torch

from rnnbench.platform.schedules import DecayAfter


def test_zaremba_small():
    """Four epochs at 1, then half after each: the small model of the paper, 13 epochs."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = DecayAfter(optimizer, constant_epochs=4, factor=0.5)
    rates = []
    for _ in range(13):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == [1.0] * 4 + [0.5**k for k in range(1, 10)]


def test_resumes():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=2.0)
    schedule = DecayAfter(optimizer, constant_epochs=1, factor=0.1)
    optimizer.step()
    schedule.step()
    state = schedule.state_dict()
    again = DecayAfter(torch.optim.SGD([torch.zeros(1)], lr=2.0), constant_epochs=1, factor=0.1)
    again.load_state_dict(state)
    assert again.get_lr() == schedule.get_lr() == [0.2]
