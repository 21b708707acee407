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
# # What should we change, and what would it cost?
#
# Every rule, replayed under every change that makes it quieter: what it saves, and what it would have missed.

# %%
from datetime import timedelta

import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(100)
history = aa.datasets.sample()

# %%
advice = aa.Recommendations.from_alerts(history)
advice.plot()

# %% [markdown]
# Each row in words. The interval is for a week's mean in the months to come, if they are like those seen; *missed* are
# alerts that somebody had acted on and that nothing else would have told.

# %%
for sentence in advice.sentences:
    print("-", sentence)

# %% [markdown]
# ## Behind a row
#
# The replay that shows it, and the alerts that would have interrupted nobody.

# %%
replay = advice.replay(0)
replay.alerts(0).to_polars().select("rule", "service", "fired_at", "resolved_at").head(4)

# %% [markdown]
# The rule as Prometheus reads it, with the change made:

# %%
print(advice.prometheus(0, hold=timedelta(minutes=5)))

# %% [markdown]
# ## A change of your own
#
# What if every alert had to last ten minutes? From alerts alone only a tightening can be known; a looser rule is
# refused. It would have been a bad idea: somebody had acted on the red ones.

# %%
aa.RuleReplay.from_alerts(history, aa.RuleChange(hold=timedelta(minutes=10))).plot()

# %% [markdown]
# With the metric samples any rule can be replayed. Hysteresis (a threshold to clear that is lower than the one to fire)
# and a dedup window lose nothing here; a longer `for` does. `label` says when something was wrong.

# %%
asked = {"condition": "cpu_percent > 65", "severity": "high"}
rules = [
    aa.AlertRule(name="as it is", **asked),
    aa.AlertRule(name="clears below 60", clear_condition="cpu_percent < 60", **asked),
    aa.AlertRule(name="told once in 2 h", dedup_window=timedelta(hours=2), **asked),
    aa.AlertRule(name="for 15 min", hold_for=timedelta(minutes=15), **asked),
]
metrics = aa.MetricReplay.from_samples(aa.datasets.sample_metrics(), rules, label="label")
metrics.to_polars().select("rule", "n_alerts", "n_saved", "n_missed", "n_incidents", "n_incidents_missed")

# %% [markdown]
# ## Who would be paged?
#
# A policy walked over the same alerts: an acknowledgement or a resolve stops it.

# %%
policy = aa.EscalationPolicy(
    levels=(
        aa.EscalationLevel(("on call",)),
        aa.EscalationLevel(("second line", "team lead"), timedelta(minutes=30)),
        aa.EscalationLevel(("head of operations",), timedelta(hours=1)),
    ),
    severities=("high", "critical"),
)
pages = aa.EscalationReplay.from_alerts(history, policy)
pages.to_polars().select("level", "targets", "n_alerts", "n_pages", "pages_per_week", "reached_share", "n_acknowledged")

# %%
pages.plot()

# %% [markdown]
# ## The answer

# %%
print(advice.sentence)
advice.plot()
