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
# # How long does it really take?
#
# Until somebody looks, until it is over, by what it ends, what makes it faster, and whether targets are kept. Alerts
# that are still open count throughout: leaving them out makes every time too short.

# %%
from datetime import date, timedelta

import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(100)
history = aa.datasets.sample()

# %% [markdown]
# ## Three clocks
#
# A time is never a bare "MTTR": say from what to what. One that is resolved without an acknowledgement was followed
# until then.

# %%
for clock in ["time_to_acknowledge", "time_to_resolve"]:
    print(clock, aa.ResolutionAnalysis.from_alerts(history, of=clock).sentence, sep=": ")

# %%
resolution = aa.ResolutionAnalysis.from_alerts(history, horizon=timedelta(days=7))
acknowledged = aa.ResolutionAnalysis.from_alerts(history, by="severity", of="time_to_acknowledge")
acknowledged.plot()

# %% [markdown]
# ## If you began to look late
#
# A monitor that starts today finds of the old alerts only those that are still open: the slow ones. `observed_from`
# counts them from when they could be seen.

# %%
aa.ResolutionAnalysis.from_alerts(history, observed_from=date(2025, 12, 1)).sentence

# %% [markdown]
# ## By what do they end?
#
# Each way to end takes alerts from the others, so the shares are estimated together (Aalen-Johansen).

# %%
ends = resolution.competing()
ends.plot()

# %% [markdown]
# ## What makes it faster?
#
# A ratio of 2: of the alerts open at any moment, twice as many are resolved in the next. Red: the ratio is not the same
# early and late, so read it as an average.

# %%
ratios = resolution.cox(["severity", "service"], reference={"severity": "low"})
ratios.plot()

# %% [markdown]
# ## Are targets kept?
#
# Alerts too young to tell are neither kept nor missed.

# %%
targets = {"critical": timedelta(hours=1), "high": timedelta(hours=4), "medium": timedelta(days=1)}
kept = resolution.sla(targets)
kept

# %% [markdown]
# ## If you only look now and then
#
# Polled every six hours, an end is known to lie between two looks. These bounds hold whatever happened between.

# %%
print(resolution.between_looks(timedelta(hours=6)).sentence)

# %% [markdown]
# ## The answer

# %%
print(kept.sentence)
kept.plot()
