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
# # What fires together, and what leads?
#
# Sixteen weeks of simulated alerts of a small web shop. Five of its failures were planted: one rule fires, and some
# time later, often, another. Which ones?

# %%
import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(60)
pairs = aa.CorrelationAnalysis.from_alerts(aa.datasets.sample())
pairs.sentence

# %% [markdown]
# Every ordered pair of rules was looked at. `n_bursts_together` says after how many bursts of the leader the follower
# started within five minutes, `expected` how many it would have been anyway, judged by the minutes around each burst.
# Rank by `strength`, and ask `q_value` whether to believe it.

# %%
found = pl.DataFrame(pairs.table).filter(pl.col("q_value") < 0.05)
found.select("leader", "follower", "n_bursts", "n_bursts_together", "expected", "strength", "ebic_gain", "q_value")

# %%
pairs.plot()

# %% [markdown]
# ## Who causes, and who merely comes along
#
# The last of the six is real, yet it is no cause: an exhausted connection pool brings payment timeouts, and these bring
# errors, so errors come after the pool too. `strength` shares each follower out among all that came before it; what is
# left for that pair is next to nothing, and its `ebic_gain` is negative. It gets no dot, and no edge in the graph.

# %%
pairs.plot("strength")

# %% [markdown]
# What hangs together through the graph is one group: one page instead of three.

# %%
pl.DataFrame(pairs.groups()).group_by("group", maintain_order=True).agg(pl.col("item").str.join(", "))

# %% [markdown]
# ## How long after?
#
# The time between the two is what a `for`, a grouping interval or an inhibition has to cover.

# %%
pairs.lags(0).plot()

# %% [markdown]
# ## What is usually looked at
#
# Correlated counts, shared buckets: they know no direction, and no error rate. On the sample they put whoever comes
# along, and pairs with a storm in common, beside the cascades: those whose `planted` is false.

# %%
planted = [sorted((one["leader"], one["follower"])) for one in aa.datasets.sample_truth()["alerts"]["cascades"]]
usual = pl.DataFrame(pairs.symmetric()).head(9)
usual.select("left", "right", "jaccard", "pearson", "z").with_columns(
    planted=pl.Series([list(ends) in planted for ends in usual.select("left", "right").iter_rows()])
)

# %% [markdown]
# ## Held against the truth

# %%
truth = pl.DataFrame(aa.datasets.sample_truth()["alerts"]["cascades"]).select("leader", "follower", "probability")
graph = pl.DataFrame(pairs.graph()).select("leader", "follower", "strength", "median_lag_s", "directed")
graph.join(truth, on=["leader", "follower"], how="full", coalesce=True).sort("strength", descending=True)

# %% [markdown]
# All five, each with its direction, and nothing else. What cannot be seen: followers that come later than about half an
# hour, and leaders that are followed one time in twenty.
#
# Where alerts spread between machines, say which are linked:
# `from_alerts(history, within="host", topology=[("web-1", "db-1"), ...])`. A follower then counts on the leader's host
# and on those linked to it.

# %%
pairs.plot("graph")
