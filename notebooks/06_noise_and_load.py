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
# # What is noise, and whom does it wake?
#
# How many alerts led to anything, which conditions flap, and what all of it costs the people who answer.

# %%
import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(120)
history = aa.datasets.sample().tenant("acme")

# %% [markdown]
# ## Is it worth being woken for?
#
# An alert is *actionable* if a person did something about it: acknowledged it, or resolved it by hand. Each share has
# an interval that counts incidents, not alerts: fifty alerts of one outage are one piece of evidence.

# %%
rules = aa.PerformanceAnalysis.from_alerts(history, by="rule")
rules.to_polars().select(
    "rule", "n_alerts", "actionable_share", "automatic_share", "short_share", "flapping_share"
).head()

# %%
rules.plot()

# %% [markdown]
# What do the columns mean? Their definitions come with the settings that were used.

# %%
pl.DataFrame(rules.definitions()).filter(pl.col("metric").is_in(["actionable_share", "flapping_share", "mttr_s"]))

# %% [markdown]
# *Flapping* is Nagios' arithmetic: of the last 21 states, the weighted percentage of changes, which starts at 30 % and
# stops at 20 %. With its own thresholds, another answer:

# %%
eager = aa.PerformanceAnalysis.from_alerts(history, by="rule", flap_high=20, flap_low=5)
flaps = rules.to_polars().select("rule", "flapping_share", "n_flapping", pl.col("flapping_s") / 3600)
flaps.join(eager.to_polars().select("rule", at_20_percent="flapping_share"), on="rule").sort("flapping_share").tail(3)

# %% [markdown]
# Planted was one rule that flaps:

# %%
aa.datasets.sample_truth()["alerts"]["flapping_rules"]

# %% [markdown]
# ## Whom does it interrupt, and when?
#
# Alerts within ten minutes of the last one of the same person are one interruption. Hours are those of their own
# clocks, daylight saving included: business (Monday to Friday 8 to 18), sleep (22 to 8), and off for the rest.

# %%
load = aa.WorkloadAnalysis.from_alerts(history, by="team", timezone="Europe/Berlin", suppress_below=3)
load.to_polars().select("team", "n_people", "interruptions_per_week", "sleep_per_week", "sleep_share", "max_open")

# %% [markdown]
# These teams are small, so we asked for groups of three people. Without being asked, groups of fewer than five are put
# together, and single persons are not shown:

# %%
aa.WorkloadAnalysis.from_alerts(history, by="assignee").to_polars().select("assignee", "n_people", "n_alerts", "note")

# %% [markdown]
# How soon is an alert acknowledged, by the hour at which it fires?

# %%
hours = pl.DataFrame(load.by_hour()).filter(pl.col("team") == "data")
hours.select("hour", "n_interruptions", "n_acknowledged", pl.col("acknowledge_median_s") / 60).gather_every(4)

# %%
load.plot("week")

# %% [markdown]
# How much lies on them at once:

# %%
load.plot("open")

# %% [markdown]
# ## The answer
#
# Half of what never led to anything comes from one rule. And this is what a week looks like:

# %%
print(rules.sentence)

# %%
load.plot("hours")
