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
# Ten minutes, sixteen weeks of alerts, three answers and three alerts to change.
#
# The alerts are simulated: a small web shop, *acme*, and its smaller sister, *globex*. What is wrong with them was
# planted, so at the end every answer is held against the truth.

# %%
import tempfile
from datetime import timedelta
from pathlib import Path

import altair as alt
import polars as pl

import alert_analytics as aa

# %%
history = aa.datasets.sample()
history.describe()

# %% [markdown]
# One row is one *alert*: a rule that fired, from `fired_at` until `resolved_at`. An alert that is still open has no
# `resolved_at`; all we know is that it was open when we last looked, at the *watermark*.

# %%
history.to_polars().select("tenant_id", "rule", "service", "severity", "fired_at", "resolved_at", "labels").head(3)

# %% [markdown]
# ## Is it getting better or worse?
#
# Alerts a week, by service, with a straight line through the weeks. `slope_per_day` is how much the daily number
# changes each day; `slope_low` to `slope_high` is its 95 % interval. `q_value` is the p-value, corrected for having
# looked at six services at once.

# %%
trend = aa.TrendAnalysis.from_alerts(history, by="service", window_size=14)
trend

# %%
trend.plot()

# %% [markdown]
# The counts behind the picture are a table too. The rolling mean is over `window_size` days; the slope does not depend
# on it.

# %%
pl.DataFrame(trend.series).filter(pl.col("service") == "checkout").tail(3)

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
pl.DataFrame(pairs.graph())

# %%
pl.DataFrame(pairs.groups()).group_by("group", maintain_order=True).agg("item")

# %% [markdown]
# ## How long does it really take to resolve?
#
# The usual way drops what is still open, and looks at the fast ones only. Here an open alert counts as *longer than it
# has been open so far* (Kaplan-Meier). Both medians stand side by side; the usual one is always the shorter.

# %%
resolution = aa.ResolutionAnalysis.from_alerts(history, by="severity")
resolution.plot()

# %%
resolution.to_polars().select(
    "severity",
    "n_alerts",
    "n_open",
    pl.col("median_s", "median_low_s", "median_high_s", "resolved_only_median_s").truediv(3600).round(2).name.map(
        lambda name: name.removesuffix("_s") + "_h"
    ),
)

# %% [markdown]
# Alerts of one incident are resolved together, so a hundred of them are not a hundred witnesses. The intervals count
# incidents, not alerts. The curve, other quantiles, and a test of every two groups:

# %%
pl.DataFrame(resolution.curve()).filter(pl.col("severity") == "critical").gather_every(400)

# %%
pl.DataFrame(resolution.quantile(0.9))

# %%
pl.DataFrame(resolution.compare()).select("severity_a", "severity_b", "q_value", "mean_difference_s")

# %% [markdown]
# ## Narrow, go back in time, look behind a number
#
# A history is read-only. Narrowing gives a new one, and every question can be put to it.

# %%
database = history.tenant("acme").where({"service": ["database"]}).where("severity >= 'high'", since="2025-11-01")
database

# %% [markdown]
# `as_of` forgets all that happened later: what is resolved today may have been open then. So yesterday's report can be
# made again, and today's answer for an old date is not flattered by hindsight.

# %%
print(aa.ResolutionAnalysis.from_alerts(history.as_of("2025-10-01")).sentence)

# %% [markdown]
# Every row of an answer leads back to its alerts, and every answer carries its settings and its SQL.

# %%
pairs.alerts(0).to_polars().select("fired_at", "rule", "labels", "message").head(4)

# %%
print(pairs.sql)

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
# Any table will do: say which of its columns is which, and how it writes times. Rows that make no sense are set aside
# and counted, never half used.

# %%
tickets = pl.DataFrame(
    {
        "Incident ID": ["IM001", "IM002", "IM003"],
        "Open Time": ["28/11/2025 09:15:00", "28/11/2025 09:17:30", "29/11/2025 23:58:00"],
        "Resolved Time": ["28/11/2025 10:02:00", "?", "29/11/2025 22:00:00"],
        "Priority": ["1", "2", "2"],
        "CI Name": ["web-01", "db-01", "db-01"],
    }
)
source = aa.sources.Tabular(
    columns={"fingerprint": "Incident ID", "fired_at": "Open Time", "resolved_at": "Resolved Time", "severity": "Priority"},
    timestamp_format="%d/%m/%Y %H:%M:%S",
    timezone="Europe/Berlin",
    missing=["?"],
    severities={"1": "critical", "2": "high"},
    labels=["CI Name"],
)
store = aa.AlertStore.open(":memory:")
store.ingest(tickets, source=source)

# %%
store.history().to_polars().select("fired_at", "resolved_at", "severity", "labels")

# %% [markdown]
# For a file that you have not looked at yet, `inspect_file` (in a shell, `alert-analytics inspect FILE`) proposes the
# mapping, with its evidence and with what to check.

# %%
file = Path(tempfile.mkdtemp()) / "tickets.csv"
tickets.write_csv(file)
print(aa.sources.inspect_file(file).python)

# %% [markdown]
# ## The answer: three alerts to look at first
#
# What the three analyses say of each rule, on one scale: the share of the team's alerts that hangs on it.

# %%
first = aa.FirstLook.from_alerts(history)
first.to_polars().select("item", "why", "try", "less_per_week").head(3)

# %%
first.alerts(0).to_polars().select("fired_at", "resolved_at", "rule", "labels").head(5)

# %% [markdown]
# ## Is it true?
#
# Here we know. These were planted: rules that repeat themselves, a rule that flaps, and five cascades.

# %%
truth = aa.datasets.sample_truth()["alerts"]
planted = [rule["rule"] for rule in truth["bursty_rules"]] + truth["flapping_rules"]
print("to look at first:", ", ".join(first.to_polars()["item"].head(3)))
print("planted as noise:", ", ".join(planted))

# %% [markdown]
# All planted cascades are found, each with its lag. ConnectionPoolExhausted also leads to HighErrorRate, through
# PaymentTimeouts: a pair beyond chance, and rightly so.

# %%
pl.DataFrame(pairs.graph()).select("leader", "follower", "strength", "median_lag_s").join(
    pl.DataFrame(truth["cascades"]).select("leader", "follower", planted_lag_s="median_lag_s"),
    on=["leader", "follower"],
    how="full",
    coalesce=True,
).sort("strength", descending=True)

# %% [markdown]
# The planted slopes lie inside their intervals.

# %%
slopes = pl.DataFrame(truth["trends"]).group_by("service").agg(planted=pl.col("slope_per_day").sum())
trend.to_polars().select("service", "slope_low", "slope_per_day", "slope_high").join(slopes, on="service")

# %% [markdown]
# And the medians: the planted one is what you would see if you could wait until everything is resolved.

# %%
latent = pl.DataFrame(truth["resolution"]).select("severity", planted_median_s="latent_median_s")
resolution.to_polars().select(
    "severity", "resolved_only_median_s", "median_low_s", "median_s", "median_high_s"
).join(latent, on="severity")

# %% [markdown]
# ## In one picture
#
# Two rules that repeat themselves and one that flaps make a quarter of all alerts. A deduplication window and a longer
# wait before firing take them away, and nobody misses them: start there.

# %%
alt.Chart(
    first.to_polars().head(8).with_columns(planted=pl.col("item").is_in(planted)).select("item", "reason", "share", "planted")
).mark_bar().encode(
    x=alt.X("share:Q", title="share of all alerts that the change could take away, at most", axis=alt.Axis(format="%")),
    y=alt.Y("item:N", sort="-x", title=None, axis=alt.Axis(labelLimit=240)),
    color=alt.Color("reason:N", title="reason"),
    opacity=alt.Opacity("planted:N", title="planted as noise", scale=alt.Scale(domain=[True, False], range=[1, 0.45])),
).properties(width=520, height=alt.Step(26), title=first.sentence.split(" (")[0].replace("Look first at", "Look first at") + " ...")
