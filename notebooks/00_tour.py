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
# # Which alerts should we change first?
#
# Sixteen weeks of alerts, ten minutes: three answers, and three alerts to change.
#
# The alerts are simulated. They come from a small web shop, *acme*, and its smaller sister, *globex*. What is wrong
# with them was planted, so at the end every answer is held against the truth.

# %%
import tempfile
from datetime import timedelta
from pathlib import Path

import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(100)
history = aa.datasets.sample()

# %%
history.describe()

# %% [markdown]
# One row is one *alert*: a rule that fired, from `fired_at` until `resolved_at`. An alert that is still open has no
# `resolved_at`; all we know is that it was open when we last looked, at the *watermark*.

# %%
history.to_polars().select("tenant_id", "rule", "service", "severity", "fired_at", "resolved_at").head(3)

# %% [markdown]
# The last week beside the week before:

# %%
aa.AlertAnalytics(time_range=timedelta(days=7)).run(history)

# %% [markdown]
# ## Is it getting better or worse?
#
# A straight line through the weekly numbers of each service. `slope_per_day` is by how much the number of alerts a day
# changes each day; `slope_low` to `slope_high` is its 95 % interval. `q_value` is the p-value, corrected for having
# looked at six services at once.

# %%
trend = aa.TrendAnalysis.from_alerts(history, by="service", window_size=14)
trend

# %%
trend.plot()

# %% [markdown]
# The counts behind the picture are a table too. Their rolling mean is over `window_size` days; the slope does not
# depend on it.

# %%
pl.DataFrame(trend.series).filter(pl.col("service") == "checkout", "is_whole").tail(3)

# %% [markdown]
# ## What fires together, and what comes first?
#
# A row is an ordered pair of rules: after how many of the leader's bursts did the follower start within five minutes,
# and how often would it have started anyway (`expected`, from the minutes around)? Rank by `strength`, not by the
# p-value: with enough alerts every small thing is significant.

# %%
pairs = aa.CorrelationAnalysis.from_alerts(history, window=timedelta(seconds=300))
pairs.plot()

# %% [markdown]
# `graph()` keeps the pairs that are more than chance, as edges from what starts first to what starts after it;
# `groups()` collects what hangs together. Coming first is a hint at the cause, not a proof.

# %%
pl.DataFrame(pairs.graph()).select("leader", "follower", "strength", "q_value", "median_lag_s", "directed")

# %%
pl.DataFrame(pairs.groups()).group_by("group", maintain_order=True).agg(pl.col("item").str.join(", "))

# %% [markdown]
# ## How long does it really take to resolve?
#
# The usual way drops what is still open, and so looks at the fast ones only. Here an open alert counts as *longer than
# it has been open so far* (Kaplan-Meier). Both medians stand side by side; the usual one is never the longer.

# %%
resolution = aa.ResolutionAnalysis.from_alerts(history, by="severity", horizon=timedelta(days=7))
resolution.plot()

# %%
resolution.to_polars().select(
    "severity", "n_alerts", "n_open", "median_low_s", "median_s", "median_high_s", "resolved_only_median_s"
).sort("median_s")

# %% [markdown]
# Alerts of one incident are resolved together, so a hundred of them are not a hundred witnesses: the intervals count
# incidents. There are also the curve itself, other quantiles, and a test of every two groups.

# %%
pl.DataFrame(resolution.curve()).filter(pl.col("severity") == "critical").gather_every(500)

# %%
pl.DataFrame(resolution.quantile(0.9)).sort("quantile_s")

# %%
pl.DataFrame(resolution.compare()).select("severity_a", "severity_b", "q_value", "mean_difference_s").head(4)

# %% [markdown]
# ## Narrow, go back in time, look behind a number
#
# A history is read-only. Narrowing gives a new one, and every question can be put to it.

# %%
history.tenant("acme").where({"service": ["database"]}).where("severity >= 'high'", since="2025-11-01")

# %% [markdown]
# `as_of` forgets what happened later: what is resolved today was perhaps open then. So an old report can be made again
# without hindsight. And hindsight shows how good it was: the second line is about the same alerts, as known today.

# %%
print("then: ", aa.ResolutionAnalysis.from_alerts(history.as_of("2025-10-01")).sentence)
print("today:", aa.ResolutionAnalysis.from_alerts(history.where(until="2025-10-01")).sentence)

# %% [markdown]
# Every row of an answer leads back to its alerts, and every answer carries its settings and its SQL.

# %%
pairs.alerts(0).to_polars().select("fired_at", "service", "rule").head(4)

# %%
print(trend.sql)

# %% [markdown]
# For what is not on the menu there is SQL; the alerts in scope are the table `alerts`.

# %%
history.sql(
    """
    SELECT hour(fired_at) AS hour_utc, count(*) AS n_alerts
    FROM alerts
    WHERE severity = 'critical'
    GROUP BY ALL
    ORDER BY n_alerts DESC
    LIMIT 3
    """
)

# %% [markdown]
# ## Your own alerts
#
# Any table will do. Here is one as a ticket system might write it:

# %%
tickets = (
    history.where({"service": ["payments"]})
    .to_polars()
    .select(
        pl.col("fingerprint").alias("Alarm ID"),
        pl.col("fired_at").dt.strftime("%d/%m/%Y %H:%M:%S").alias("Open Time"),
        pl.col("resolved_at").dt.strftime("%d/%m/%Y %H:%M:%S").fill_null("?").alias("Resolved Time"),
        pl.col("severity").replace({"critical": "1", "high": "2", "medium": "3", "low": "4"}).alias("Priority"),
        pl.col("rule").alias("CI Name"),
    )
)
tickets.tail(3)

# %% [markdown]
# Say which column is which, and how it writes times. A row that makes no sense is set aside and counted.

# %%
source = aa.sources.Tabular(
    columns={
        "fingerprint": "Alarm ID",
        "fired_at": "Open Time",
        "resolved_at": "Resolved Time",
        "severity": "Priority",
    },
    timestamp_format="%d/%m/%Y %H:%M:%S",
    timezone="UTC",
    missing=["?"],
    severities={"1": "critical", "2": "high", "3": "medium", "4": "low"},
    labels=["CI Name"],
)
store = aa.AlertStore.open(":memory:")
print(store.ingest(tickets, source=source))
print(aa.ResolutionAnalysis.from_alerts(store.history(), by="CI Name").sentence)

# %% [markdown]
# For a file that you have not looked at yet, `inspect_file` (in a shell: `alert-analytics inspect FILE`) writes these
# lines for you, with its evidence and with what to check.

# %%
with tempfile.TemporaryDirectory() as folder:
    tickets.write_csv(Path(folder) / "tickets.csv")
    print(aa.sources.inspect_file(Path(folder) / "tickets.csv").python)

# %% [markdown]
# ## The answer: three alerts to change first
#
# Every rule, replayed under every change that could make it quieter: how many interruptions a week it saves, with an
# interval for the weeks to come, and how many alerts would be missed that somebody had acted on. `07_what_to_change`
# goes on from here.

# %%
first = aa.Recommendations.from_alerts(history)
first.to_polars().select("item", "change", "saved_low", "saved_per_week", "saved_high", "n_missed").head(3)

# %% [markdown]
# The alerts behind the first row. Look at the times:

# %%
first.alerts(0).to_polars().select("rule", "fired_at", "resolved_at").head(5)

# %% [markdown]
# ## Is it true?
#
# Here we know. Planted were two rules that repeat themselves, one that flaps, and five cascades.

# %%
truth = aa.datasets.sample_truth()["alerts"]
planted = [rule["rule"] for rule in truth["bursty_rules"]] + truth["flapping_rules"]
print("to change first: ", ", ".join(sorted(first.to_polars()["item"].head(3))))
print("planted as noise:", ", ".join(sorted(planted)))

# %% [markdown]
# All planted cascades are found, each with its lag. One more pair is found: ConnectionPoolExhausted leads to
# PaymentTimeouts, and that to HighErrorRate, so the first is followed by the last.

# %%
cascades = pl.DataFrame(truth["cascades"]).select("leader", "follower", planted_lag_s="median_lag_s")
found = pl.DataFrame(pairs.graph()).select("leader", "follower", "strength", "median_lag_s")
found.join(cascades, on=["leader", "follower"], how="full", coalesce=True).sort("strength", descending=True)

# %% [markdown]
# The planted slopes lie inside their intervals:

# %%
slopes = pl.DataFrame(truth["trends"]).group_by("service").agg(planted_slope=pl.col("slope_per_day").sum())
trend.to_polars().select("service", "slope_low", "slope_per_day", "slope_high").join(slopes, on="service")

# %% [markdown]
# And so do the medians: `true_median_s` is of the same alerts, had everyone waited until the last one was resolved.

# %%
watched = pl.DataFrame(truth["resolution"]).select("severity", true_median_s="latent_median_s")
medians = resolution.to_polars().select(
    "severity", "resolved_only_median_s", "median_low_s", "median_s", "median_high_s"
)
medians.join(watched, on="severity").sort("median_s")

# %% [markdown]
# ## In one picture
#
# Start with the three at the top. A window in which repeats count as one is a change to a line of configuration.

# %%
print(first.sentences[0])

# %%
first.plot()
