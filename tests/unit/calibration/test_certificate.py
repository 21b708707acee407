from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from alert_analytics.calibration.certificate import Certificate, certificate
from alert_analytics.errors import CalibrationError
from alert_analytics.stats.effective_size import EffectiveSize
from tests.handmade import HOUR, START, Echo, column, evenly, hourly


def found(n_flagged: int, m: int, m_eff: float | None = None, by: str = "nobody", alpha: float = 0.01) -> Certificate:
    flags = np.arange(m) < n_flagged
    tau = m / (m_eff or m)
    return certificate(flags, EffectiveSize(m, m / tau, tau, "scores"), alpha, by, (0, m))


@pytest.mark.parametrize(
    ("n_flagged", "m", "by", "status"),
    [
        (0, 299, "nobody", "certified"),
        (0, 298, "nobody", "inconclusive"),
        (4, 1000, "labels", "certified"),  # the upper bound is 0.913 %
        (5, 1000, "labels", "inconclusive"),  # and here 1.05 %
        (15, 1000, "labels", "inconclusive"),  # the lower bound is 0.93 %
        (16, 1000, "nobody", "suspect"),  # and here 1.005 %
        (16, 1000, "labels", "falsified"),
        (16, 1000, "declaration", "falsified"),
        (1, 1, "labels", "falsified"),
        (1, 1, "nobody", "suspect"),
    ],
)
def test_the_status_by_the_bounds_and_by_who_says_what_is_normal(n_flagged: int, m: int, by: str, status: str) -> None:
    assert found(n_flagged, m, by=by).status == status


def test_bounds_are_one_sided_clopper_pearson() -> None:
    one = found(4, 1000)
    both = binomtest(4, 1000).proportion_ci(0.9, method="exact")
    assert (one.low, one.high) == pytest.approx((both.low, both.high), rel=1e-9)
    assert found(0, 299).high == pytest.approx(1 - 0.05 ** (1 / 299), rel=1e-12)
    assert (found(0, 299).low, found(3, 3).high) == (0.0, 1.0)


def test_dependent_windows_prove_less() -> None:
    alone, dependent = found(0, 1000), found(0, 1000, m_eff=250)
    assert (alone.status, dependent.status) == ("certified", "inconclusive")
    assert dependent.high == pytest.approx(1 - 0.05 ** (1 / 250), rel=1e-12)
    assert (dependent.m, dependent.m_eff) == (1000, 250)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            found(4, 1000),
            "4 of 1,000 test windows (worth 1,000) reached 0.85: 0.40%, between 0.14% and 0.91%; at most the 1.00% "
            "promised, with 95% confidence: certified.",
        ),
        (
            found(30, 1000, by="labels"),
            "30 of 1,000 test windows (worth 1,000) reached 0.85: 3.00%, between 2.17% and 4.05%; more than the 1.00% "
            "promised, of windows known to be normal: falsified.",
        ),
        (
            found(30, 1000),
            "30 of 1,000 test windows (worth 1,000) reached 0.85: 3.00%, between 2.17% and 4.05%; more than the 1.00% "
            "promised; real anomalies or drift: suspect.",
        ),
        (
            found(0, 1),
            "0 of 1 test window (worth 1) reached 0.85: 0.00%, between 0.00% and 95.00%; too few windows to tell "
            "whether that is at most the 1.00% promised.",
        ),
    ],
)
def test_a_certificate_in_words(one: Certificate, said: str) -> None:
    assert one.sentence == said


def test_a_certificate_as_plain_values() -> None:
    assert found(0, 299, by="declaration").to_dict() == {
        "status": "certified",
        "alpha": 0.01,
        "m": 299,
        "m_eff": 299.0,
        "n_flagged": 0,
        "low": 0.0,
        "high": pytest.approx(0.009969147, abs=1e-9),
        "normal_by": "declaration",
        "start": 0,
        "end": 299,
    }


# -- by way of a model -----------------------------------------------------------------------------------------------

MODEL = Echo().fit(column(evenly(50))).calibrate(column(evenly(400)), false_alarm_rate=0.05)


def test_windows_that_nobody_calls_normal_can_only_be_suspect() -> None:
    many = np.where(np.arange(300) % 5 == 0, 9.0, 0.1)
    for declared, status, by in ((False, "suspect", "nobody"), (True, "falsified", "declaration")):
        model = MODEL.certify(column(many), declared_normal=declared)
        assert model.certificate is not None
        assert (model.certificate.status, model.certificate.normal_by) == (status, by)
        assert model.certificate.n_flagged == 60
        assert model.explain_threshold().endswith(model.certificate.sentence)
        assert model.manifest.certificate == model.certificate.to_dict()
    assert MODEL.certificate is None


def test_windows_labelled_anomalous_are_left_out() -> None:
    values = np.concatenate((np.full(200, 0.1), np.full(100, 9.0)))
    calibration, later = hourly(evenly(400), START + 50 * HOUR), START + 450 * HOUR
    model = Echo().fit(hourly(evenly(50))).calibrate(calibration, false_alarm_rate=0.05)
    right = model.certify(hourly(values, later, labels=values > 1)).certificate
    assert right is not None
    assert (right.status, right.m, right.n_flagged, right.normal_by) == ("certified", 200, 0, "labels")
    wrong = model.certify(hourly(values, later, labels=np.zeros(300)), declared_normal=True).certificate
    assert wrong is not None
    assert (wrong.status, wrong.m, wrong.n_flagged, wrong.normal_by) == ("falsified", 300, 100, "labels")
    with pytest.raises(CalibrationError, match=r"certify: no window to look at\. Hint: certify\(test\) takes"):
        model.certify(hourly(values, later, labels=np.ones(300)))


def test_windows_without_a_value_prove_nothing() -> None:
    certified = MODEL.certify(column([0.1, np.nan] * 100)).certificate
    assert certified is not None
    assert (certified.m, certified.n_flagged) == (100, 0)
    for nothing in ([np.nan] * 4, []):
        with pytest.raises(CalibrationError, match="certify: no window to look at"):
            MODEL.certify(column(nothing))


def test_a_broken_promise_is_not_mended_by_looking_elsewhere() -> None:
    falsified = MODEL.certify(column(np.full(100, 9.0)), declared_normal=True)
    with pytest.raises(CalibrationError, match=r"known to be broken: 100 of 100 .* falsified\. Hint: calibrate anew"):
        falsified.certify(column(np.full(100, 0.1)), declared_normal=True)
    suspect = MODEL.certify(column(np.full(100, 9.0)))
    again = suspect.certify(column(np.full(100, 0.1))).certificate
    assert again is not None
    assert again.status == "certified"


def test_of_a_best_effort_nothing_was_promised() -> None:
    best = Echo().fit(column(evenly(50))).calibrate(column(evenly(30)), best_effort=True)
    found = best.certify(column(np.full(500, 0.1)), declared_normal=True).certificate
    assert found is not None
    assert found.status == "no promise"
    assert found.sentence.endswith("nothing was promised of that.")


def test_who_knows_what_is_normal_labels_it() -> None:
    known = replace(hourly(np.full(300, 9.0), START + 450 * HOUR), is_normal=np.arange(300) < 200)
    calibrated = Echo().fit(hourly(evenly(50))).calibrate(hourly(evenly(400), START + 50 * HOUR), false_alarm_rate=0.05)
    found = calibrated.certify(known).certificate
    assert found is not None
    assert (found.status, found.m, found.normal_by) == ("falsified", 200, "labels")
