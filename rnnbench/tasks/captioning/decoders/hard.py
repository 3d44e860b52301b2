"""Hard attention: every step sees one region, drawn by lot in training."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.nn.attention import AdditiveAttention
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack
from rnnbench.nn.readout import ReadoutKind
from rnnbench.tasks.captioning.decoders.attention import check_weight, rows_of
from rnnbench.tasks.captioning.decoders.soft import MakeAttention, SoftAttentionDecoder


class HardAttentionDecoder(SoftAttentionDecoder):
    """Sees one region at each step, s_t ~ a_t, and learns where to look by REINFORCE.

        z_t = b_t v_(s_t),   loss = -log p(y | s) - r (R - B) sum_t log a_t(s_t) - e sum_t H(a_t)

    all divided by the number of tokens. R = log p(y | s) / |y| is the mean over the tokens of a caption, so that a
    long one is not a bad one; B is its moving average. The first term is a bound of log p(y), and a look at the mean of
    all regions in place of a drawn one, for some images, makes the estimate of its gradient less noisy. Outside of
    training the region with the largest weight is seen. K. Xu et al., Show, Attend and Tell, ICML 2015, section 4.1.

    Args:
        embedding_size: Width E of a token's vector.
        image_size: Width M of a region.
        backbone: Makes the stack from its input size.
        attention: Makes the attention from the widths of a query and of a region.
        gate: Whether b_t weighs what is seen; else it is 1.
        doubly_stochastic: Weight of the penalty sum_s (1 - sum_t a_ts)^2 of a caption.
        readout: What is made of state, sight and token.
        readout_size: Its width, where it has one of its own.
        reward: Weight r.
        entropy: Weight e: more of it keeps the weights from becoming certain too early.
        soft_share: Share of the images of which, in training, all regions are seen as by soft attention.
        decay: Share of the moving average that a batch leaves in place.
    """

    average: Tensor
    average_weight: Tensor

    def __init__(
        self,
        embedding_size: int,
        image_size: int,
        backbone: MakeStack,
        attention: MakeAttention = AdditiveAttention,
        gate: bool = True,
        doubly_stochastic: float = 0.0,
        readout: ReadoutKind = "tanh",
        readout_size: int = 256,
        reward: float = 1.0,
        entropy: float = 0.01,
        soft_share: float = 0.5,
        decay: float = 0.9,
    ) -> None:
        super().__init__(
            embedding_size, image_size, backbone, attention, gate, doubly_stochastic, readout, readout_size
        )
        check_weight("reward", reward)
        check_weight("entropy", entropy)
        for name, share in (("soft_share", soft_share), ("decay", decay)):
            if not 0 <= share < 1:
                raise UserError(f"must be in [0, 1), found {share}", where=f"model.decoder.{name}")
        self.reward = reward
        self.entropy = entropy
        self.soft_share = soft_share
        self.decay = decay
        # Sum of decayed rewards and of their weights: the ratio is right from the first batch on.
        self.register_buffer("average", torch.zeros(()))
        self.register_buffer("average_weight", torch.zeros(()))

    def start(self, encoded: Encoded) -> DecoderState:
        """See `Decoder.start`. Beside the query stands whether the image is one that is seen as a whole."""
        state = super().start(encoded)
        assert state.fed is not None
        whole = torch.zeros_like(state.fed[:, :1])
        if self.training:
            whole = (torch.rand_like(whole) < self.soft_share).to(whole)
        return state._replace(fed=torch.cat([state.fed, whole], 1))

    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Decoder.advance`; what is made ends with log a_t(s_t) and H(a_t) in training, else with zeros."""
        assert state.fed is not None
        assert state.memory is not None
        query, whole = state.fed[:, :-1], state.fed[:, -1:]
        mean, weights = self.attention(query, state.memory)
        if self.training:
            # A draw has no gradient. What is learned of it is its log-probability, which `penalty` weighs by the
            # reward; so it travels beside what was made, through `read`, to where the reward is known.
            place = torch.multinomial(weights.detach(), 1)
            logs = weights.clamp(min=torch.finfo(weights.dtype).tiny).log()
            learned = torch.cat([(1 - whole) * logs.gather(1, place), -(weights * logs).sum(1, keepdim=True)], 1)
        else:
            place = weights.argmax(1, keepdim=True)
            learned = weights.new_zeros(weights.shape[0], 2)
        one = rows_of(state.memory, state.memory.values, place[:, 0])
        made, stack, output = self._see(x, state._replace(fed=query), whole * mean + (1 - whole) * one)
        state = DecoderState(stack, state.memory, torch.cat([output, whole], 1), weights)
        return torch.cat([made, learned], 1), state

    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """See `Decoder.finish`."""
        return super().finish(made[..., :-2], x)

    def penalty(
        self, made: Tensor, attention: Tensor | None, nats: Tensor, valid: Tensor, regions: Tensor
    ) -> Tensor | None:
        """See `CaptionDecoder.penalty`: the terms of REINFORCE, too."""
        tokens = valid.sum()
        rewards = -nats.detach().sum(1) / valid.sum(1)
        logs, entropies = made[..., -2].sum(1), made[..., -1].sum(1)
        found = -(self.reward * ((rewards - self._baseline(rewards)) * logs).sum() + self.entropy * entropies.sum())
        found = found / tokens
        further = super().penalty(made, attention, nats, valid, regions)
        return found if further is None else found + further

    def _baseline(self, rewards: Tensor) -> Tensor:
        """The moving average before these rewards, which then become part of it; at first it is theirs."""
        mean = rewards.mean()
        before = torch.where(self.average_weight > 0, self.average / self.average_weight.clamp(min=1e-12), mean)
        self.average.mul_(self.decay).add_((1 - self.decay) * mean)
        self.average_weight.mul_(self.decay).add_(1 - self.decay)
        return before
