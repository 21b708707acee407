"""Running an ONNX graph: the one way for training, calibration and serving."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from alert_analytics.errors import BundleError

_QUIET = 3  # errors alone: warnings go to the caller as exceptions or not at all
_ROWS_AT_ONCE = 65_536


def open_session(model: bytes, where: str) -> Any:
    """Make a graph ready to run on the CPU.

    Parameters
    ----------
    model : bytes
        A serialised ONNX model.
    where : str
        What to call it in a message.

    Returns
    -------
    onnxruntime.InferenceSession
        May be run by several threads at once.

    Raises
    ------
    BundleError
        onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base but this
        raise BundleError(
            f"{where}: onnxruntime cannot load it ({str(error).splitlines()[0][:200]}).",
            hint="cut short, or no exported model? Its operators need onnxruntime 1.21 or later, here is "
            f"{onnxruntime.__version__}.",
        ) from error


def run_rows(session: Any, features: npt.NDArray[np.float32], outputs: list[str]) -> list[npt.NDArray[Any]]:
    """Run a graph over rows, in parts where there are many.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        With the input ``features``.
    features : numpy.ndarray of float32, shape (n, d)
        C-contiguous.
    outputs : list of str
        Which outputs, in which order.

    Returns
    -------
    list of numpy.ndarray
        One per output, a row each.
    """
    if len(features) <= _ROWS_AT_ONCE:
        whole: list[npt.NDArray[Any]] = session.run(outputs, {"features": features})
        return whole
    starts = range(0, len(features), _ROWS_AT_ONCE)
    parts = [session.run(outputs, {"features": features[first : first + _ROWS_AT_ONCE]}) for first in starts]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
