"""Has a Prometheus evaluate every query of the dashboards: dashboards.py URL DASHBOARD…"""
import json
import sys
import time
import urllib.parse
import urllib.request

# Metrics that a shop without Kafka and Redis does not have.
ABSENT = ("doorbuster_redis_", "doorbuster_published_", "doorbuster_foreign_", "doorbuster_consumer_lag", "doorbuster_relay_")
# A metric that has no sample before the first audit in the background, and a query that shows nothing while no alert is open.
UNCAUSED = ("doorbuster_audit_violations", "doorbuster_alerts_open")


def query(url, expression):
    address = f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)["data"]["result"]


def queries(path):
    for panel in json.load(open(path))["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$job", "doorbuster").replace("$instance", ".*")
            yield panel["title"], expression.replace("$__rate_interval", "1m")


def empty(url, dashboards):
    evaluated, without = 0, []
    for path in dashboards:
        for title, expression in queries(path):
            evaluated += 1
            # A query that Prometheus cannot read is answered with 400, which raises an error here.
            if not query(url, expression) and not any(name in expression for name in ABSENT + UNCAUSED):
                without.append(f"{path}: {title}: {expression}")
    return evaluated, without


# A rate needs two scrapes.
url, dashboards = sys.argv[1], sys.argv[2:]
for _ in range(40):
    evaluated, without = empty(url, dashboards)
    if not without:
        break
    time.sleep(0.5)
print(f"{evaluated} queries, {len(without)} without a value")
print("\n".join(without))
sys.exit(1 if without else 0)
