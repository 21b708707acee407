"""The public face: what it names, what it costs to import, and how its errors speak."""

from __future__ import annotations

import builtins
import copy
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import alert_analytics as aa
from alert_analytics import errors
from alert_analytics.errors import AlertAnalyticsError, MissingDependencyError, SettingsError
from alert_analytics.settings import Settings

HEAVY = (
    *("altair", "duckdb", "mlflow", "numba", "numpy", "onnx", "onnxruntime", "pandas", "polars", "pyarrow"),
    *("pydantic", "scipy", "sklearn", "torch"),
)
ROOMS = ("alerts", "analytics", "calibration", "detectors", "history", "registry", "scoring", "training", "windows")
LIGHT = {  # what is usable without waiting for these
    "OnnxScorer": ("duckdb", "mlflow", "onnx", "pandas", "polars", "pyarrow", "scipy", "sklearn", "torch"),
    "IsolationForestDetector": ("mlflow", "onnxruntime", "torch"),
    "alert_windows": ("mlflow", "onnx", "onnxruntime", "sklearn", "torch"),
    "registry": ("mlflow", "sklearn", "torch"),
}


def test_importing_costs_next_to_nothing() -> None:
    code = "import sys, alert_analytics as aa; dir(aa); print(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert "alert_analytics" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert [name for name in loaded if name.startswith("alert_analytics.")] == []


def test_every_name_is_listed_and_resolves() -> None:
    assert dir(aa) == sorted(aa.__all__)
    assert {"Alert", "AlertHistory", "AlertStore", "TrendAnalysis", "datasets", "sources"} <= set(dir(aa))
    assert {"AutoencoderDetector", "CalibratedModel", "IsolationForestDetector", "PCADetector"} <= set(dir(aa))
    assert {"OnnxScorer", "Windows", "alert_windows", "metric_windows", "registry"} <= set(dir(aa))
    for name in dir(aa):
        assert getattr(aa, name) is not None
    for module in ROOMS:
        public = import_module(f"alert_analytics.{module}")
        assert public.__all__ == sorted(public.__all__)
        assert all(getattr(public, name) is not None for name in public.__all__)
        assert set(public.__all__) <= set(dir(public))
    with pytest.raises(AttributeError, match="module 'alert_analytics' has no attribute 'AlertHistroy'"):
        _ = aa.AlertHistroy


@pytest.mark.slow
@pytest.mark.parametrize("name", LIGHT)
def test_a_name_waits_for_nothing_that_it_does_not_need(name: str) -> None:
    code = f"import sys, alert_analytics as aa; aa.{name}; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()).isdisjoint(LIGHT[name])


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("IsolationForestDetector", "sklearn"),
        ("AutoencoderDetector", "torch"),
        ("PCADetector", "onnx"),
        ("CalibratedModel", "onnx"),
        ("OnnxScorer", "onnxruntime"),
    ],
)
def test_a_name_whose_package_is_missing_says_how_to_get_it(name: str, package: str, uninstall: Any) -> None:
    uninstall(package)
    said = f'{name} needs {package}, which is not installed. Hint: pip install "alert-analytics[ml]"'
    with pytest.raises(MissingDependencyError, match=re.escape(said)) as refused:
        getattr(aa, name)
    assert isinstance(refused.value, ImportError)
    assert isinstance(refused.value.__cause__, ModuleNotFoundError)


@pytest.mark.usefixtures("fresh")
def test_another_missing_package_is_not_taken_for_an_extra(uninstall: Any) -> None:
    uninstall("pyarrow")
    with pytest.raises(ModuleNotFoundError, match="pyarrow"):
        _ = aa.IsolationForestDetector


@pytest.fixture
def fresh() -> Iterator[None]:
    """As if nothing of the library had been imported yet; afterwards everything is as it was."""
    names, modules = dict(vars(aa)), _ours()
    for name in modules:
        if name != errors.__name__:
            del sys.modules[name]
    for name in (set(aa.__all__) | set(ROOMS)) & set(names) - {"__version__", "errors"}:
        delattr(aa, name)
    yield
    for name in _ours():
        del sys.modules[name]
    sys.modules |= modules
    vars(aa).clear()
    vars(aa).update(names)


def _ours() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.startswith("alert_analytics.")}


def _described() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for module in (*ROOMS, "sources", "simulation", "engine", "errors", "datasets"):
        public = import_module(f"alert_analytics.{module}")
        names = getattr(public, "__all__", [name for name in vars(public) if not name.startswith("_")])
        things = [getattr(public, name) for name in names]
        found += [(module, public)]
        found += [(one.__qualname__, one) for one in things if inspect.isclass(one) or inspect.isfunction(one)]
    return found


@pytest.mark.parametrize(("name", "thing"), _described())
def test_everything_public_has_a_docstring(name: str, thing: object) -> None:
    assert thing.__doc__, name
    if inspect.isclass(thing) and thing.__module__.startswith("alert_analytics"):
        for own, member in vars(thing).items():
            if not own.startswith("_") and (inspect.isfunction(member) or isinstance(member, (classmethod, property))):
                assert inspect.getdoc(getattr(thing, own)), f"{name}.{own}"


# -- errors -------------------------------------------------------------------------------------------------------

ERRORS = [
    thing
    for thing in vars(errors).values()
    if inspect.isclass(thing) and thing.__module__ == errors.__name__ and thing is not AlertAnalyticsError
]
ALIKE = {
    "HistoryError": ValueError,
    "SourceError": ValueError,
    "SourceNotFoundError": FileNotFoundError,
    "ConditionError": ValueError,
    "UnknownColumnError": KeyError,
    "NoSuchRowError": IndexError,
    "StoreLockedError": OSError,
    "PullError": ConnectionError,
    "PrivacyError": ValueError,
    "QueryError": RuntimeError,
    "MissingDependencyError": ImportError,
    "SettingsError": ValueError,
    "WindowsError": ValueError,
    "FeatureMismatchError": ValueError,
    "CalibrationError": ValueError,
    "BundleError": ValueError,
    "RegistryError": RuntimeError,
}


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_is_ours_and_the_built_in_that_it_resembles(kind: type[AlertAnalyticsError]) -> None:
    assert issubclass(kind, AlertAnalyticsError)
    assert issubclass(kind, ALIKE[kind.__name__])
    assert ALIKE[kind.__name__].__name__ in vars(builtins)
    error = kind("a.csv: found x, expected y.", hint="write y.")
    assert str(error) == "a.csv: found x, expected y. Hint: write y."
    assert (error.message, error.hint) == ("a.csv: found x, expected y.", "write y.")
    assert str(kind("only this")) == "only this"
    again = copy.copy(error)
    assert (type(again), str(again), again.hint) == (kind, str(error), "write y.")


# -- settings -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALERT_CORRELATION_WINDOW", raising=False)
    monkeypatch.delenv("ALERT_ANALYTICS_SETTINGS", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_settings_have_defaults(folder: Path) -> None:
    assert Settings.load() == Settings(correlation_window_s=300, tracking_uri=None)


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "alert-analytics.toml").write_text("ALERT_CORRELATION_WINDOW = 60\n", encoding="utf-8")
    assert Settings.load().correlation_window_s == 60
    monkeypatch.setenv("ALERT_CORRELATION_WINDOW", "120")
    assert Settings.load().correlation_window_s == 120
    assert Settings.load({}).correlation_window_s == 60


def test_where_the_registry_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "alert-analytics.toml").write_text('MLFLOW_TRACKING_URI = "http://file:5000"\n', encoding="utf-8")
    assert Settings.load().tracking_uri == "http://file:5000"
    assert Settings.load({"MLFLOW_TRACKING_URI": "http://environment:5000"}).tracking_uri == "http://environment:5000"
    assert Settings.load({"MLFLOW_TRACKING_URI": ""}).tracking_uri == "http://file:5000"  # as MLflow takes it: not set
    (folder / "alert-analytics.toml").write_text("MLFLOW_TRACKING_URI = 5000\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="MLFLOW_TRACKING_URI is 5000; expected a text"):
        Settings.load()


def test_the_file_may_have_another_name(folder: Path) -> None:
    (folder / "ours.toml").write_text("ALERT_CORRELATION_WINDOW = 90\n", encoding="utf-8")
    assert Settings.load({"ALERT_ANALYTICS_SETTINGS": "ours.toml"}).correlation_window_s == 90
    with pytest.raises(SettingsError, match=r"ALERT_ANALYTICS_SETTINGS names theirs\.toml, which is not there"):
        Settings.load({"ALERT_ANALYTICS_SETTINGS": "theirs.toml"})


@pytest.mark.parametrize("value", ["", "0", "-5", "5.5", "soon"])
def test_a_setting_that_is_no_number(folder: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=f"ALERT_CORRELATION_WINDOW is {value!r}; expected a positive whole number"):
        Settings.load({"ALERT_CORRELATION_WINDOW": value})


@pytest.mark.parametrize("content", [b"ALERT = = 1", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml(folder: Path, content: bytes) -> None:
    (folder / "alert-analytics.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"alert-analytics\.toml: not a TOML file"):
        Settings.load({})


def test_true_is_no_number_of_seconds(folder: Path) -> None:
    (folder / "alert-analytics.toml").write_text("ALERT_CORRELATION_WINDOW = true\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is True"):
        Settings.load({})


@pytest.mark.parametrize("value", ["2GB", "512 MiB", "1.5gb"])
def test_a_limit_of_memory(folder: Path, value: str) -> None:
    assert Settings.load({"ALERT_MEMORY_LIMIT": value}).memory_limit == value
    assert Settings.load({"ALERT_MEMORY_LIMIT": ""}).memory_limit is None


@pytest.mark.parametrize("value", ["2", "much", "-1GB", "GB", "2GB; DROP"])
def test_a_limit_that_is_no_size(folder: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=f"ALERT_MEMORY_LIMIT is '{value}'; expected a size with its unit"):
        Settings.load({"ALERT_MEMORY_LIMIT": value})
