# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which hours were unusual, and how sure are we?
#
# A model learns from sixteen weeks of alerts what an hour of a service usually looks like. Then it scores hours it has
# never seen. A score of **0.85** means the same for every model of this library: *at most 1 % of normal hours reach
# it*, and the model can say how that is known.
#
# What is unusual in the sample was planted, so at the end the answer is held against the truth.

# %%
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(120).set_tbl_rows(20)
history = aa.datasets.sample().tenant("acme")

# %% [markdown]
# ## From alerts to windows
#
# A window is a row of numbers for an hour of a service: how many alerts fired, how severe, how many are open, how far
# that is from the same hour of earlier weeks. Every number in it is of what had happened when the hour ended.

# %%
windows = aa.alert_windows(history, every=timedelta(hours=1), by=["service"])
windows

# %%
pl.DataFrame([vars(feature) for feature in windows.schema]).select("name", "unit", "formula")

# %% [markdown]
# Three parts, in order of time: to learn what is usual, to find where 0.85 stands, and to see whether that holds.

# %%
train, calibration, test = windows.split_by_time(0.6, 0.2, 0.2)
print(train.sentence, calibration.sentence, test.sentence, sep="\n")

# %% [markdown]
# ## Learning what is usual
#
# An isolation forest cuts the windows apart at random; what few cuts set apart is unusual. It gives a raw score, and no
# promise: is 0.6 much?

# %%
fitted = aa.IsolationForestDetector(seed=0).fit(train)
fitted.raw_score(test)[:5].round(3)

# %% [markdown]
# ## What 0.85 promises
#
# The calibration windows say how high normal windows score. Hours resemble their neighbours, so 3,000 of them are worth
# far fewer independent ones; counted in full, the promise would be broken by every fourth model or so.

# %%
model = fitted.calibrate(calibration, false_alarm_rate=0.01)
print(model.explain_threshold())

# %% [markdown]
# Did it keep the promise in the weeks after? Nobody said that these were normal weeks, so an honest answer can also be
# *suspect*: drift, or real anomalies.

# %%
model = model.certify(test)
print(model.certificate.sentence)

# %% [markdown]
# A span that is too short for a promise gets none. Ask for less, or wait:

# %%
try:
    fitted.calibrate(calibration.select(slice(0, 200)))
except aa.errors.CalibrationError as refusal:
    print(refusal)

# %% [markdown]
# ## What was unusual?

# %%
scores = model.score(test)
for row in scores.most_anomalous(5, apart=12):
    print(scores.describe(row))

# %% [markdown]
# The alerts of the first one:

# %%
top = scores.most_anomalous(1)[0]
scores.alerts(top).to_polars().select("rule", "severity", "fired_at", "resolved_at").head(5)

# %% [markdown]
# Planted in these weeks were:

# %%
storms = pl.DataFrame(aa.datasets.sample_truth()["alerts"]["storms"]).filter(pl.col("tenant_id") == "acme")
storms.filter(pl.col("start") >= test.span[0].item().isoformat()).select("service", "start", "end", "n_alerts")

# %% [markdown]
# ## Another detector, the same 0.85
#
# An autoencoder squeezes a window into a few numbers and reads it back; what it reads back badly is unusual. Its raw
# scores live on another scale, its 0.85 means the same. Its calibration windows are worth more or fewer, so what
# can be promised differs as well.

# %%
autoencoder = aa.AutoencoderDetector(seed=0).fit(train).calibrate(calibration, false_alarm_rate=0.01).certify(test)
print(autoencoder.explain_threshold())

# %% [markdown]
# Metric series go the same way, here half an hour of six metrics of a machine to a window. These have labels: a window
# is labelled by its last step, and known to be normal only where no step in it is labelled. The certificate looks at
# the latter alone, the table at all.

# %%
metrics = aa.metric_windows(aa.datasets.sample_metrics(), length=6, label="label")
learn, check, later = metrics.split_by_time(0.3, 0.12, 0.58)  # the first six days are quiet
watch = aa.AutoencoderDetector(seed=0).fit(learn).calibrate(check, false_alarm_rate=0.05).certify(later)
print(watch.certificate.sentence)
found = watch.score(later).to_polars()
found.group_by("label").agg(windows=pl.len(), reach_085=pl.col("is_anomaly").sum()).sort("label")

# %% [markdown]
# ## Out of the notebook
#
# Only a calibrated model can leave. In the registry it is one ONNX file with the calibration inside; whoever scores
# with it needs numpy and onnxruntime, nothing of what trained it. Here the registry is a file; `MLFLOW_TRACKING_URI`
# names another one.

# %%
folder = Path(tempfile.mkdtemp())
os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
version = aa.registry.register(model, name="alert-volume", alias="challenger")
version

# %%
scorer = aa.OnnxScorer.load("models:/alert-volume@challenger")
again = scorer.score(test.features, test.feature_names)
print(scorer)
print("The same scores, bit for bit:", bool((again.score == scores.table["score"].to_numpy()).all()))

# %% [markdown]
# ## In one picture
#
# Every service's hours, the dashed line at 0.85. The storm in payments stands out; so does what else was unusual
# enough.

# %%
print(scores.sentence)

# %%
scores.plot()
