from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pytest
import torch
from rich.console import Console

from alert_analytics.detectors import AutoencoderDetector, autoencoder, progress
from alert_analytics.detectors.autoencoder import FittedAutoencoder, Network
from alert_analytics.errors import WindowsError

SMALL = AutoencoderDetector(hidden=8, code=2, epochs=4)


def along(n: int = 200, d: int = 4) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 1)) * np.arange(1, d + 1) + 0.1 * rng.normal(size=(n, d))).astype(np.float32)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The error on the last tenth of the windows, pass by pass."""
    errors: list[float] = []

    @contextmanager
    def kept(what: str, total: int) -> Iterator[Callable[[str], None]]:
        assert what == "training the autoencoder"
        yield lambda words: errors.append(float(words.removeprefix("error ")))

    monkeypatch.setattr(autoencoder, "training_progress", kept)
    return errors


@pytest.mark.parametrize("seed", [1, 2])
def test_training_keeps_the_weights_that_reconstruct_the_last_tenth_best(said: list[float], seed: int) -> None:
    # So fast that it overshoots: the last pass is not the best one.
    fitted = AutoencoderDetector(hidden=8, code=2, epochs=5, learning_rate=0.3, seed=seed).fit(along())
    assert len(said) == 5
    assert min(said) < said[-1]
    errors = fitted.network.errors(fitted.scaling.apply(along()))
    assert float(errors[-20:].mean()) == pytest.approx(min(said), abs=6e-5)


def test_training_stops_when_the_last_tenth_has_not_got_better_for_so_many_passes(said: list[float]) -> None:
    AutoencoderDetector(hidden=8, code=2, epochs=60, patience=2, learning_rate=3.0).fit(along())
    assert len(said) < 60
    assert min(said[-2:]) >= min(said[:-2])


def test_while_it_gets_better_there_are_as_many_passes_as_asked_for(said: list[float]) -> None:
    AutoencoderDetector(hidden=8, code=2, epochs=3).fit(along())
    assert len(said) == 3
    assert said == sorted(said, reverse=True)


def test_training_windows_score_one_on_average_and_windows_unlike_them_much_more() -> None:
    fitted = AutoencoderDetector(hidden=16, code=2, epochs=40, learning_rate=0.01).fit(along())
    scores = fitted.raw_score(along())
    assert scores.mean() == pytest.approx(1.0, abs=0.01)
    off = along()[:50].copy()
    off[:, 0] *= -1
    assert np.median(fitted.raw_score(off)) > 3 * np.median(scores)


def test_many_rows_are_scored_in_parts_and_each_as_if_it_were_alone() -> None:
    fitted = SMALL.fit(along())
    many = np.tile(along(), (90, 1))
    assert len(many) > autoencoder._ROWS_AT_ONCE
    np.testing.assert_allclose(fitted.raw_score(many), np.tile(fitted.raw_score(along()), 90), rtol=1e-5)


def test_errors_by_hand() -> None:
    # One layer bent at zero, one that is not: 2 relu(x) - 1.
    bent = (np.array([[2.0]]), np.zeros(1), True)
    plain = (np.ones((1, 1)), np.array([-1.0]), False)
    errors = Network((bent, plain)).errors(np.array([[1.0], [-2.0], [3.0]], dtype=np.float32))
    assert errors.tolist() == [[0.0], [1.0], [4.0]]


def test_the_threads_come_back_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise KeyboardInterrupt

    before = torch.get_num_threads()
    monkeypatch.setattr(autoencoder, "_pass", failing)
    try:
        torch.set_num_threads(2)
        with pytest.raises(KeyboardInterrupt):
            SMALL.fit(along())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# -- progress --------------------------------------------------------------------------------------------------------


def test_nothing_is_printed_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    SMALL.fit(along())
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_that_goes_when_training_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda stderr: Console(file=screen, force_terminal=stderr, width=80))
    SMALL.fit(along())
    assert "training the autoencoder" in screen.getvalue()
    assert "error 0." in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # the line is wiped


def test_the_code_is_never_wider_than_half_the_features() -> None:
    fitted = SMALL.fit(np.random.default_rng(0).normal(size=(100, 5)))
    assert isinstance(fitted, FittedAutoencoder)
    assert [weights.shape[1] for weights, _, _ in fitted.network.layers][1] == 2


def test_errors_that_grow_without_end_are_said() -> None:
    with pytest.raises(WindowsError, match=r"errors grew without end.*Hint: a smaller learning_rate than 1e\+30"):
        AutoencoderDetector(learning_rate=1e30, epochs=5).fit(along())


def test_torch_s_default_type_is_nothing_to_it() -> None:
    expected = SMALL.fit(along()).raw_score(along())
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(SMALL.fit(along()).raw_score(along()), expected)
    finally:
        torch.set_default_dtype(torch.float32)
