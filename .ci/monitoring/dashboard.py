#!/usr/bin/env python3
"""Makes docs/monitoring/dashboard.json, a dashboard for Grafana, from the panels below.

    dashboard.py             writes the file
    dashboard.py --check     fails where the file is another
    dashboard.py --rules     prints the queries as recording rules, which promtool can check
"""
import json
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs/monitoring/dashboard.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
SERVER = 'job=~"$job", instance=~"$instance"'
DURATION = "http_server_request_duration_seconds"

# Rows of panels: a title, what it shows, its unit, and queries with their legends.
ROWS = [
    ("Service", [
        ("Up", "stat", "none", [(f"up{{{SERVER}}}", "{{instance}}")]),
        ("Requests a second, by route", "timeseries", "reqps",
         [(f"sum by (http_request_method, http_route) (rate({DURATION}_count{{{SERVER}}}[$__rate_interval]))",
           "{{http_request_method}} {{http_route}}")]),
        ("Requests that fail, by reason", "timeseries", "reqps",
         [(f"sum by (http_response_status_code, error_type) (rate({DURATION}_count{{{SERVER}, error_type!=\"\"}}[$__rate_interval]))",
           "{{http_response_status_code}} {{error_type}}")]),
        ("Duration", "timeseries", "s",
         [(f"histogram_quantile({share}, sum by (le) (rate({DURATION}_bucket{{{SERVER}}}[$__rate_interval])))", name)
          for share, name in [("0.5", "half"), ("0.95", "95 %"), ("0.99", "99 %")]]),
        ("Mean duration, by route", "timeseries", "s",
         [(f"sum by (http_route) (rate({DURATION}_sum{{{SERVER}}}[$__rate_interval])) / "
           f"sum by (http_route) (rate({DURATION}_count{{{SERVER}}}[$__rate_interval]))", "{{http_route}}")]),
    ]),
    ("Clients", [
        ("Refused requests, by reason", "timeseries", "reqps",
         [(f"sum by (reason, client) (rate(scim_refusals_total{{{SERVER}}}[$__rate_interval]))", "{{reason}} {{client}}")]),
        ("Requests for access tokens", "timeseries", "reqps",
         [(f"sum by (client, outcome) (rate(scim_token_requests_total{{{SERVER}}}[$__rate_interval]))",
           "{{client}} {{outcome}}")]),
        ("Days until credentials expire", "table", "none",
         [(f"min by (client, kind) (scim_client_credential_days_left{{{SERVER}}})", "{{client}} {{kind}}")]),
        ("Compatibility quirks, in an hour", "timeseries", "short",
         [(f"sum by (client, quirk) (increase(scim_quirks_total{{{SERVER}}}[1h]))", "{{client}} {{quirk}}")]),
    ]),
    ("Changes", [
        ("Users, changes in an hour", "timeseries", "short",
         [(f"sum by (kind, client) (increase(scim_changes_total{{{SERVER}, resource_type=\"User\", kind=~\"create|update|activate|deactivate|delete\"}}[1h]))",
           "{{kind}} {{client}}")]),
        ("Groups and members, changes in an hour", "timeseries", "short",
         [(f"sum by (kind, client) (increase(scim_changes_total{{{SERVER}, resource_type=\"Group\", kind!~\"role_.*|protected_.*\"}}[1h]))",
           "{{kind}} {{client}}")]),
        ("Roles granted and revoked, in an hour", "timeseries", "short",
         [(f"sum by (kind) (increase(scim_changes_total{{{SERVER}, kind=~\".*role_.*\"}}[1h]))", "{{kind}}")]),
        ("Deactivations and deletions, beside the busiest hour of the week before", "timeseries", "short",
         [("sum by (kind) (scim:changes:increase1h{resource_type=\"User\", kind=~\"deactivate|delete\"})", "{{kind}}"),
          ("sum by (kind) (max_over_time(scim:changes:increase1h{resource_type=\"User\", kind=~\"deactivate|delete\"}[1w] offset 1h))",
           "{{kind}}, most in a week")]),
    ]),
    ("People", [
        ("Logins", "timeseries", "short",
         [(f"sum by (provider, outcome) (increase(scim_logins_total{{{SERVER}}}[1h]))", "{{provider}} {{outcome}}")]),
        ("Refused logins, by reason", "timeseries", "short",
         [(f"sum by (reason) (increase(scim_logins_total{{{SERVER}, outcome=\"refused\"}}[1h]))", "{{reason}}")]),
        ("Attempts of people who were deprovisioned", "timeseries", "short",
         [(f"sum by (attempt) (increase(scim_deprovisioned_attempts_total{{{SERVER}}}[1h]))", "{{attempt}}")]),
        ("Records of audits that could not be written", "stat", "short",
         [(f"sum by (audit) (increase(scim_audit_failures_total{{{SERVER}}}[1h]))", "{{audit}}")]),
    ]),
    ("Superset's database", [
        ("Connections", "timeseries", "short",
         [(f"sum by (db_client_connection_pool_name, db_client_connection_state) (db_client_connection_count{{{SERVER}}})",
           "{{db_client_connection_pool_name}} {{db_client_connection_state}}"),
          (f"sum by (db_client_connection_pool_name) (db_client_connection_max{{{SERVER}}})",
           "{{db_client_connection_pool_name}}, at most")]),
        ("Writes in a transaction", "timeseries", "short",
         [(f"histogram_quantile(0.95, sum by (le) (rate(scim_batch_writes_bucket{{{SERVER}}}[$__rate_interval])))", "95 %"),
          (f"sum(rate(scim_batch_writes_sum{{{SERVER}}}[$__rate_interval])) / sum(rate(scim_batch_writes_count{{{SERVER}}}[$__rate_interval]))",
           "mean")]),
        ("Findings of the last comparison", "timeseries", "short",
         [("sum by (kind) (scim_drift_findings) > 0", "{{kind}}")]),
        ("Compared, and when", "stat", "short",
         [("sum by (what) (scim_drift_checked)", "{{what}}"),
          ("(time() - max(scim_drift_last_run_timestamp_seconds)) / 3600", "hours ago")]),
    ]),
]


def variable(name, label, query):
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name},
        "definition": query, "multi": True, "includeAll": True, "refresh": 2, "sort": 1,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def panel(number, title, kind, unit, queries, place):
    targets = [
        {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend,
         **({"instant": True, "format": "table"} if kind == "table" else {})}
        for index, (query, legend) in enumerate(queries)
    ]
    return {
        "id": number, "title": title, "type": kind, "datasource": SOURCE, "gridPos": place, "targets": targets,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []}, "options": {},
    }


def dashboard():
    panels, top = [], 0
    for title, row in ROWS:
        panels.append({
            "id": len(panels) + 1, "title": title, "type": "row", "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
        })
        top += 1
        for index, (title, kind, unit, queries) in enumerate(row):
            place = {"x": 12 * (index % 2), "y": top + 8 * (index // 2), "w": 12, "h": 8}
            panels.append(panel(len(panels) + 1, title, kind, unit, queries, place))
        top += 8 * ((len(row) + 1) // 2)
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}}
    variables = [
        source,
        variable("job", "Job", f"label_values({DURATION}_count, job)"),
        variable("instance", "Server", f'label_values({DURATION}_count{{job=~"$job"}}, instance)'),
    ]
    return {
        "uid": "scim", "title": "SCIM provisioning", "tags": ["scim"], "schemaVersion": 39, "version": 1,
        "editable": True, "refresh": "1m", "time": {"from": "now-24h", "to": "now"}, "timezone": "",
        "templating": {"list": variables}, "annotations": {"list": []}, "panels": panels,
    }


def rules():
    queries = [query for _, row in ROWS for panel in row for query, _ in panel[3]]
    known = [query.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*") for query in queries]
    return {"groups": [{"name": "dashboard", "rules": [
        {"record": f"dashboard:{index}", "expr": query} for index, query in enumerate(known)
    ]}]}


text = json.dumps(dashboard(), indent=1) + "\n"
match sys.argv[1:]:
    case []:
        FILE.write_text(text)
    case ["--check"]:
        if FILE.read_text() != text:
            sys.exit(f"{FILE} is another: run {sys.argv[0]}")
    case ["--rules"]:
        # JSON is YAML.
        print(json.dumps(rules()))
    case _:
        sys.exit(__doc__)
