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
# # Is it getting better or worse?
#
# The slope of alert volume, the hours in which alerts come, the days on which it changed, what is to come, and whether
# the clean-up helped. All on the sample; put your own history in its place.

# %%
import altair as alt

import alert_analytics as aa

alt.renderers.enable("svg")
history = aa.datasets.sample().tenant("acme")

# %% [markdown]
# ## The slope, and what could even have been seen
#
# "No trend" is an answer only together with the change that would have shown.

# %%
trend = aa.TrendAnalysis.from_alerts(history, by="service")
trend

# %%
aa.TrendAnalysis.from_alerts(history).sentence

# %% [markdown]
# ## When in the week do alerts come?
#
# In the analyst's own hours, also across the days on which the clocks change.

# %%
seasonality = trend.seasonality(timezone="Europe/Berlin")
seasonality

# %%
seasonality.plot()

# %% [markdown]
# ## When did it change?
#
# Each change has an interval for its date. Where a straight line says as much, the note says so: then it is a slope.

# %%
trend.change_points

# %%
trend.change_points.plot()

# %% [markdown]
# ## Did our clean-up help?
#
# Cut the history at the day of the change, ask both parts the same question, and compare.

# %%
cut = "2025-11-01"
before = aa.TrendAnalysis.from_alerts(history.where(until=cut), by="service")
after = aa.TrendAnalysis.from_alerts(history.where(since=cut), by="service")
change = aa.compare(before, after)
change

# %%
change.plot()

# %% [markdown]
# ## What is to come?

# %%
forecast = trend.forecast(14, timezone="Europe/Berlin")
forecast.plot()
