"""The autoencoder: windows that cannot be said in few numbers and read back are anomalous."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import onnx
import torch
from torch import nn

from alert_analytics.detectors.base import Detector, Features, FittedDetector, Floats, Learned
from alert_analytics.detectors.progress import training_progress
from alert_analytics.detectors.reconstruction import Layer, Scaling, UsualErrors, reconstruction_graph
from alert_analytics.errors import WindowsError

_BATCH = 256
_ROWS_AT_ONCE = 16_384  # scored together
_CHECKED = 0.1  # of the training windows, the last, decide when to stop
_GAIN = 1e-4  # relative: less is no improvement
_REWEIGHED = (5, 10, 20)  # passes after which each feature's share in the loss is set anew
_LEAST_ERROR = 1e-3  # in squared spreads: a feature that is reconstructed better than that gets no more weight


@dataclass(frozen=True)
class AutoencoderDetector(Detector):
    """Reconstruction error of a small neural network, trained with PyTorch on the CPU.

    A window goes through a hidden layer to a few numbers and back. The network learns to undo noise added to its input,
    so that it cannot simply copy; and each feature counts by the inverse of its usual error, as in the score, so that
    it is not the features nobody can reconstruct that are learned.

    Parameters
    ----------
    hidden, code : int
        Width of the hidden layers, and of the narrowest one, which is never wider than half the features.
    noise : float
        Standard deviation of the noise added in training, in units of a feature's spread.
    epochs : int
        Passes over the training windows at most; training stops when the last tenth of them has not been reconstructed
        better for `patience` passes, and keeps the best.
    patience : int
        See `epochs`.
    learning_rate : float
        Of Adam.
    seed : int
        The same windows and seed give the same network on the same machine, whatever the state of PyTorch's own
        random numbers, which stay untouched.

    Examples
    --------
    >>> import numpy as np
    >>> along = np.random.default_rng(0).normal(size=(500, 1))
    >>> fitted = AutoencoderDetector(epochs=20).fit(np.hstack([along, 2 * along, -along]))
    >>> usual, odd = fitted.raw_score([[1.0, 2.0, -1.0], [2.0, -4.0, 2.0]])
    >>> bool(odd > usual)
    True
    """

    kind: ClassVar[str] = "autoencoder"
    hidden: int = 128
    code: int = 16
    noise: float = 0.5
    epochs: int = 60
    patience: int = 5
    learning_rate: float = 1e-3
    seed: int = 0

    def fit(self, windows: Any) -> FittedAutoencoder:
        """Train the network, with a progress bar where there is a terminal; see :meth:`Detector.fit`."""
        learned, filled = Learned.of(windows)
        scaling = Scaling(learned.medians, learned.spread)
        scaled = torch.from_numpy(scaling.apply(filled))
        layers = _trained(scaled, self)
        network = Network(layers)
        return FittedAutoencoder(self, learned, scaling, network, UsualErrors.of(network.errors(scaled.numpy())))


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network as plain arrays, from scaled features back to scaled features."""

    layers: tuple[Layer, ...]

    def errors(self, scaled: Features) -> Floats:
        """Squared error of the reconstruction, per feature, computed by PyTorch.

        In doubles, though trained in floats: where a window is reconstructed closely, the error is a small difference
        of large numbers, which floats would give differently in every batch and runtime.
        """
        pieces = []
        for first in range(0, len(scaled), _ROWS_AT_ONCE):
            part = value = torch.from_numpy(scaled[first : first + _ROWS_AT_ONCE].astype(np.float64))
            for weights, bias, is_bent in self.layers:
                value = value @ torch.from_numpy(weights) + torch.from_numpy(bias)
                value = torch.relu(value) if is_bent else value
            pieces.append(((value - part) ** 2).numpy())
        errors: Floats = np.concatenate(pieces)
        return errors


@dataclass(frozen=True, eq=False, repr=False)
class FittedAutoencoder(FittedDetector):
    """A trained network. Its raw score is the mean over features of the squared error, each in units of its usual one.

    A raw score of 1 is a window that is reconstructed as well as the training windows are on average.
    """

    scaling: Scaling
    network: Network
    errors: UsualErrors

    def _scored(self, filled: Features) -> Floats:
        return self.errors.score(self.network.errors(self.scaling.apply(filled)))

    def raw_graph(self) -> onnx.ModelProto:
        """The network's products one after the other."""
        return reconstruction_graph("autoencoder", self.learned, self.scaling, self.network.layers, self.errors)


def _trained(scaled: torch.Tensor, detector: AutoencoderDetector) -> tuple[Layer, ...]:
    """Train on all but the last tenth, keep the weights that reconstruct the last tenth best."""
    random = torch.Generator().manual_seed(detector.seed)
    network = _fresh(scaled.shape[1], detector, random)
    kept = max(1, round(_CHECKED * len(scaled)))
    learned, checked = scaled[:-kept], scaled[-kept:]
    optimiser = torch.optim.Adam(network.parameters(), lr=detector.learning_rate)
    importance = torch.ones(scaled.shape[1], dtype=scaled.dtype)
    best, waited, layers = np.inf, 0, _layers(network)
    with _one_thread(), training_progress("training the autoencoder", detector.epochs) as advance:
        for done in range(detector.epochs):
            if done in _REWEIGHED:  # errors before and after are not comparable
                importance, best, waited = _importance(network, learned), np.inf, 0
            _pass(network, optimiser, learned, importance, detector.noise, random)
            with torch.no_grad():
                error = float((importance * (network(checked) - checked) ** 2).mean())
            advance(f"error {error:.4f}")
            if error < best * (1 - _GAIN):
                best, waited, layers = error, 0, _layers(network)
            elif (waited := waited + 1) >= detector.patience:
                break
    if not np.isfinite(best):
        raise WindowsError(
            "fit: the autoencoder's errors grew without end.",
            hint=f"a smaller learning_rate than {detector.learning_rate:g}.",
        )
    return layers


def _importance(network: nn.Sequential, learned: torch.Tensor) -> torch.Tensor:
    """Each feature's share in the loss: the inverse of its mean squared error, 1 on average."""
    with torch.no_grad():
        total = sum(((network(part) - part) ** 2).sum(dim=0) for part in torch.split(learned, _ROWS_AT_ONCE))
        inverse: torch.Tensor = 1.0 / (total / len(learned) + _LEAST_ERROR)
        return inverse / inverse.mean()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to one thread: layers this small gain nothing from more, and sums come out the same everywhere."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pass(
    network: Callable[[torch.Tensor], torch.Tensor],
    optimiser: torch.optim.Optimizer,
    learned: torch.Tensor,
    importance: torch.Tensor,
    noise: float,
    random: torch.Generator,
) -> None:
    for rows in torch.split(torch.randperm(len(learned), generator=random), _BATCH):
        part = learned[rows]
        noisy = part + noise * torch.randn(part.shape, generator=random, dtype=part.dtype)
        loss = (importance * (network(noisy) - part) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _fresh(features: int, detector: AutoencoderDetector, random: torch.Generator) -> nn.Sequential:
    """An untrained network, its weights drawn from a generator of its own."""
    code = max(1, min(detector.code, features // 2))  # wider, it could simply copy
    widths = [(features, detector.hidden), (detector.hidden, code)]
    widths += [(code, detector.hidden), (detector.hidden, features)]
    # The layers' own first weights would be drawn from everybody's generator.
    linear = [nn.Linear(*width, device="meta", dtype=torch.float32).to_empty(device="cpu") for width in widths]
    with torch.no_grad():
        for layer in linear:
            limit = 1.0 / float(np.sqrt(layer.in_features))
            layer.weight.uniform_(-limit, limit, generator=random)
            layer.bias.uniform_(-limit, limit, generator=random)
    return nn.Sequential(linear[0], nn.ReLU(), linear[1], linear[2], nn.ReLU(), linear[3])


def _layers(network: nn.Sequential) -> tuple[Layer, ...]:
    """The weights as they stand, copied."""
    parts = list(network)
    return tuple(
        (_copied(part.weight).T.copy(), _copied(part.bias), isinstance(after, nn.ReLU))
        for part, after in zip(parts, [*parts[1:], None], strict=True)
        if isinstance(part, nn.Linear)
    )


def _copied(weights: torch.Tensor) -> Floats:
    return weights.detach().numpy().astype(np.float64)
