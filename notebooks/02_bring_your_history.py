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
# # Which service costs us most?
#
# A web shop, *acme*, has its alerts in two places: an Alertmanager watches database, network and web, and for checkout,
# payments and search there are tickets. Neither knows of the other, so nobody can say. Here are eight weeks of both, as
# they were exported: two files, one store, one timeline.
#
# With your own files it goes the same way; in a shell `alert-analytics inspect` and `alert-analytics ingest` do the
# first half.

# %%
from dataclasses import replace
from datetime import timedelta

import altair as alt
import polars as pl

import alert_analytics as aa

alt.renderers.enable("svg")  # pictures that need no internet
pl.Config.set_fmt_str_lengths(100).set_tbl_rows(20)
folder = aa.datasets.sample_path()
print((folder / "tickets.csv").read_text(encoding="utf-8")[:350])

# %% [markdown]
# ## Look first
#
# Nobody has to write down what a file looks like. `inspect_file` guesses, and says how it can tell:

# %%
seen = aa.sources.inspect_file(folder / "tickets.csv")
print(seen.sentence)
pl.DataFrame(seen.evidence).select("what", "finding", "because")

# %% [markdown]
# and what a guess cannot settle:

# %%
print(*seen.warnings, sep="\n")

# %% [markdown]
# Two things only we know: the office is in Paris, and `Alarm` is the rule. The rest of the proposal is taken as it is.

# %%
tickets = replace(
    seen.tabular,
    columns={**seen.tabular.columns, "rule": "Alarm"},
    labels=["Site"],
    timezone="Europe/Paris",
    name="tickets",
)
tickets

# %% [markdown]
# ## Two tools, one store
#
# What an alerting tool posted needs no mapping. The file holds notifications: one alert is told of again and again,
# some come twice, some late. What counts in the end is an alert. An export holds nothing of the minutes after its last
# alert; `complete_until` says when it was made.

# %%
store = aa.AlertStore.open(tenant="acme")  # in memory; or a path: "alerts.duckdb"
print(store.ingest(folder / "tickets.csv", source=tickets).sentence)
webhooks = aa.sources.Alertmanager()
print(store.ingest(folder / "alertmanager.jsonl.gz", source=webhooks, complete_until="2025-12-22").sentence)

# %% [markdown]
# ## What was set aside, and why
#
# What makes no sense is not guessed at. It counts in no answer, and it is not lost: the reason, the line and the
# original are kept.

# %%
aside = pl.DataFrame(store.history().quarantine())
aside.group_by("source", "reason").agg(rows=pl.len(), first_line=pl.col("line").min()).sort("rows", descending=True)

# %%
print(aside.filter(pl.col("reason").str.contains("vip"))["original"][0])

# %% [markdown]
# Somebody invented a priority, and backups call their severity *ticket*. We ask around, mend the two mappings, and have
# what was set aside read once more:

# %%
tickets = replace(tickets, severities={**tickets.severities, "VIP": "critical"})
webhooks = aa.sources.Alertmanager(severities={"ticket": "low"})
print(store.replay_quarantine(tickets).sentence)
print(store.replay_quarantine(webhooks).sentence)

# %% [markdown]
# What is left is spoilt for good: ends before the beginning, typed by hand, a notification without a start, and one
# that was cut off on its way.

# %%
history = store.history()
history.describe()

# %% [markdown]
# Did we ingest that file already? It does not matter. The same input again, whole, in parts or in another order,
# changes nothing:

# %%
again = store.ingest(folder / "tickets.csv", source=tickets)
print(f"{again.n_new} new, {again.n_updated} updated, {again.n_duplicate:,} known already")

# %% [markdown]
# ## What was known on a day
#
# The store forgets nothing, so an old report can be made again without hindsight. Here the alerts of the first four
# weeks, as known at their end and as known today:

# %%
print("then: ", history.as_of("2025-11-24").describe().sentence)
print("today:", history.where(until="2025-11-24").describe().sentence)

# %% [markdown]
# ## What else is known
#
# A service catalogue and a list of deployments become columns of the alerts. Deployments are joined point in time: an
# alert gets the version that ran when it fired.

# %%
catalogue = [
    {"service": "checkout", "tier": 1, "eur_per_hour": 90},
    {"service": "payments", "tier": 1, "eur_per_hour": 120},
    {"service": "web", "tier": 1, "eur_per_hour": 60},
    {"service": "search", "tier": 2, "eur_per_hour": 30},
    {"service": "database", "tier": 2, "eur_per_hour": 40},
    {"service": "network", "tier": 2, "eur_per_hour": 40},
]
deployments = [
    {"service": "checkout", "version": "4.1", "deployed_at": "2025-10-20T09:00"},
    {"service": "checkout", "version": "4.2", "deployed_at": "2025-11-10T09:00"},
    {"service": "checkout", "version": "4.10", "deployed_at": "2025-12-01T09:00"},
]
told = history.enrich(catalogue, on="service").enrich(
    deployments, on="service", valid_from="deployed_at", age="deployed_for_s"
)
print("Severe, of the first tier:", told.where("tier = 1 and severity >= 'high'").n_alerts, "alerts")
print("Within a day of a deployment:", told.where("deployed_for_s < 86400").n_alerts, "alerts")
told.where({"service": ["checkout"]}).sql(
    "SELECT version, count(*) AS alerts, min(fired_at) AS first FROM alerts GROUP BY ALL ORDER BY first"
)

# %% [markdown]
# ## From alerts to incidents
#
# Ten alerts within minutes are one incident, and wake one person once. Here: severe alerts of one service that fire
# within ten minutes of one another, whichever tool told of them. The mean time to resolve counts each for a week at
# most: some tickets are never closed, and those that are still open count as open.

# %%
severe = told.where("severity >= 'high'")
policy = aa.IncidentPolicy(by=["service"], gap=timedelta(minutes=10))
incidents = aa.IncidentAnalysis.from_alerts(severe, policy, by="service", horizon=timedelta(days=7))
print(incidents.sentence)

# %%
hours = incidents.to_polars().select(
    "service", "n_incidents", "n_alerts", "n_open",
    (pl.col("time_to_acknowledge_median_s") / 60).alias("acknowledged_median_min"),
    *(
        (pl.col(f"time_to_{what}_mean{end}_s") / 3600).round(1).alias(f"{name}{end}_h")
        for what, name in (("acknowledge", "mtta"), ("resolve", "mttr"))
        for end in ("_low", "", "_high")
    ),
)  # fmt: skip
hours.select("service", "n_incidents", "n_alerts", "n_open", "mttr_low_h", "mttr_h", "mttr_high_h")

# %% [markdown]
# Alertmanager knows no acknowledgement, so there is no time to acknowledge for its three services. For the tickets
# there is. Its mean is long although half are taken on within minutes: an incident that ended by itself before anybody
# came says only that it took longer than that.

# %%
taken = hours.filter(pl.col("acknowledged_median_min").is_not_null())
taken.select("service", "acknowledged_median_min", "mtta_low_h", "mtta_h", "mtta_high_h")

# %% [markdown]
# Do the two tools differ? They watch different things, so this compares those as well.

# %%
resolution = aa.ResolutionAnalysis.from_alerts(severe, by="source", horizon=timedelta(days=7))
print(resolution.sentence)
print(pl.DataFrame(resolution.compare()).select("source_a", "source_b", "mean_difference_s", "q_value"))
resolution.plot()

# %% [markdown]
# ## What only one timeline can show
#
# What fires in one tool and leads in the other. Tickets tell times to the minute, so the lags are up to a minute short,
# and a pair may be found both ways.

# %%
pairs = pl.DataFrame(aa.CorrelationAnalysis.from_alerts(history).graph())
told_by = history.sql("SELECT DISTINCT rule, source FROM alerts").select("rule", told_by="source")
across = pairs.join(told_by, left_on="leader", right_on="rule").join(
    told_by.rename({"told_by": "then_by"}), left_on="follower", right_on="rule"
)
across.filter(pl.col("told_by") != pl.col("then_by")).select(
    "leader", "told_by", "follower", "then_by", "strength", "q_value"
).sort("strength", descending=True)

# %% [markdown]
# The database's pool runs out before payments time out, and lost packets come before a slow checkout: part of what
# the tickets cost begins where Alertmanager looks.
#
# ## The answer
#
# An incident costs its hours times what an hour of the service costs; the interval is that of the mean time to resolve.

# %%
costs = (
    hours.join(pl.DataFrame(catalogue), on="service")
    .select(
        "service",
        *(
            (pl.col("n_incidents") * pl.col(f"mttr{end}_h") * pl.col("eur_per_hour") / 8 / 1000).alias(
                f"thousand_eur{end}"
            )
            for end in ("_low", "", "_high")
        ),
    )
    .sort("thousand_eur", descending=True)
)
dearest = costs.row(0, named=True)
print(
    f"{dearest['service']} costs most: {dearest['thousand_eur']:,.0f} thousand euros a week "
    f"(95% interval {dearest['thousand_eur_low']:,.0f} to {dearest['thousand_eur_high']:,.0f})."
)
y = alt.Y("service:N", sort=list(costs["service"]), title=None)
bars = alt.Chart(costs).mark_bar(height=14).encode(x=alt.X("thousand_eur:Q", title="thousand euros a week"), y=y)
ends = alt.Chart(costs).mark_rule(strokeWidth=2).encode(x="thousand_eur_low:Q", x2="thousand_eur_high:Q", y=y)
(bars + ends).properties(width=520, height=alt.Step(26), title="What severe incidents cost, by service")

# %% [markdown]
# ## Is it true?
#
# Here we know: both exports were written from the history in `alerts.parquet`. Of its alerts in these weeks all but the
# seven that were mistyped are in the store, as many open, and with the same times.

# %%
truth = aa.datasets.sample().tenant("acme").where(since="2025-10-27")
for name, one in {"two exports:": history, "the truth:  ": truth}.items():
    print(name, one.describe().sentence, aa.ResolutionAnalysis.from_alerts(one).sentence, sep="\n  ")

# %% [markdown]
# ## In one picture
#
# Six services, two tools, one timeline. On 29 October the network is in a storm, and checkout with it, in the other
# tool; the storm in payments on 3 December is its own.

# %%
print(f"{dearest['service']} costs most, {dearest['thousand_eur']:,.0f} thousand euros a week.")
days = history.sql(
    "SELECT date_trunc('day', fired_at) AS day, service, source, count(*) AS n FROM alerts GROUP BY ALL ORDER BY day"
)
alt.Chart(days).mark_bar().encode(
    x=alt.X("day:T", title=None),
    y=alt.Y("n:Q", title=None, axis=alt.Axis(tickCount=2)),
    color=alt.Color("source:N", title="told by"),
    row=alt.Row("service:N", title="alerts a day", header=alt.Header(labelAngle=0, labelAlign="left")),
).properties(width=560, height=52, title="One timeline").resolve_scale(y="independent")
