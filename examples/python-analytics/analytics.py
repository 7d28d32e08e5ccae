"""Keeps sales statistics from the shop's topics in an SQLite file.

    pip install -r requirements.txt
    python analytics.py --brokers localhost:9092 --file sales.db            # runs until it is interrupted
    python analytics.py --brokers localhost:9092 --file sales.db --report   # prints the statistics

Effect and offset are one transaction, as in the shop itself: a crash repeats and loses nothing. The ids of events are kept too,
because a relay may publish an event twice, at two offsets.
"""
import argparse
import json
import sqlite3
import time

from kafka import KafkaConsumer, TopicPartition

TOPICS = ("order-completed", "coupon-issued")
TABLES = """
CREATE TABLE IF NOT EXISTS position (topic TEXT, part INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, part));
CREATE TABLE IF NOT EXISTS handled (source TEXT, id TEXT, PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS sale (day TEXT, product INTEGER, units INTEGER NOT NULL, PRIMARY KEY (day, product));
CREATE TABLE IF NOT EXISTS day (day TEXT PRIMARY KEY, orders INTEGER NOT NULL, total INTEGER NOT NULL, discount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS coupon (coupon INTEGER PRIMARY KEY, issued INTEGER NOT NULL);
"""


def attributes(record):
    """The CloudEvent's attributes: headers that begin with ce_, without the prefix."""
    return {name[3:]: value.decode() for name, value in record.headers if name.startswith("ce_")}


def order_completed(database, data):
    day = data["completedAt"][:10]
    database.execute(
        "INSERT INTO day VALUES (?, 1, ?, ?) ON CONFLICT (day) DO UPDATE SET orders = orders + 1,"
        " total = total + excluded.total, discount = discount + excluded.discount",
        (day, data["totalAmount"], data["discountAmount"]),
    )
    for product in data["products"]:
        database.execute(
            "INSERT INTO sale VALUES (?, ?, ?) ON CONFLICT (day, product) DO UPDATE SET units = units + excluded.units",
            (day, product["id"], product["qty"]),
        )


def coupon_issued(database, data):
    database.execute(
        "INSERT INTO coupon VALUES (?, 1) ON CONFLICT (coupon) DO UPDATE SET issued = issued + 1", (data["couponId"],)
    )


# What is not listed is skipped: types may be added to a topic.
EFFECTS = {"dev.doorbuster.OrderCompleted.v1": order_completed, "dev.doorbuster.CouponIssued.v1": coupon_issued}


def handle(database, record):
    """Writes the effect of a record and the position behind it."""
    event = attributes(record)
    effect = EFFECTS.get(event["type"])
    with database:
        if effect:
            new = database.execute("INSERT OR IGNORE INTO handled VALUES (?, ?)", (event["source"], event["id"])).rowcount
            if new:
                effect(database, json.loads(record.value))
        database.execute("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (record.topic, record.partition, record.offset + 1))


def consume(database, brokers, prefix, idle_seconds):
    consumer = KafkaConsumer(bootstrap_servers=brokers.split(","), enable_auto_commit=False, auto_offset_reset="earliest")
    wanted = [TopicPartition(prefix + topic, part) for topic in TOPICS for part in consumer.partitions_for_topic(prefix + topic) or ()]
    consumer.assign(wanted)
    for partition in wanted:
        row = database.execute("SELECT next FROM position WHERE topic = ? AND part = ?", (partition.topic, partition.partition)).fetchone()
        if row:
            consumer.seek(partition, row[0])
        else:
            consumer.seek_to_beginning(partition)
    last = time.monotonic()
    while idle_seconds is None or time.monotonic() - last < idle_seconds:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                handle(database, record)
                last = time.monotonic()
    consumer.close()


def report(database):
    orders = database.execute("SELECT COALESCE(SUM(orders), 0), COALESCE(SUM(total), 0), COALESCE(SUM(discount), 0) FROM day").fetchone()
    units = database.execute("SELECT product, SUM(units) FROM sale GROUP BY product ORDER BY 2 DESC, 1").fetchall()
    coupons = database.execute("SELECT coupon, issued FROM coupon ORDER BY 1").fetchall()
    return {"orders": orders[0], "total": orders[1], "discount": orders[2], "units": dict(units), "issued": dict(coupons)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--brokers", default="localhost:9092")
    options.add_argument("--prefix", default="", help="kafka.prefix of the shop")
    options.add_argument("--file", default="sales.db")
    options.add_argument("--report", action="store_true", help="print the statistics and end")
    options.add_argument("--until-idle", type=float, metavar="SECONDS", help="end after this long without an event")
    given = options.parse_args()
    database = sqlite3.connect(given.file)
    database.executescript(TABLES)
    if not given.report:
        try:
            consume(database, given.brokers, given.prefix, given.until_idle)
        except KeyboardInterrupt:
            pass
    print(json.dumps(report(database)))


if __name__ == "__main__":
    main()
