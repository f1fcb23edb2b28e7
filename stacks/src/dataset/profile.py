"""Profiles the tables of a dataset: how many rows, and what each column holds.

Runs as a Glue job with the dataset's role, so it sees the dataset's tables and
nothing else. For each table one JSON document is written under the path of the
results. Nothing is fetched from the internet.

Tables are read through Glue's own catalog client: Spark's Hive support asks for the
database `default` first, on which Lake Formation gives the role no permission.
"""

import json
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark import SparkContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.types import NumericType

MAX_COLUMNS = 500


def column_profile(frame: DataFrame, name: str) -> list:
    """The aggregates of a column, named after it."""
    column = f.col(f"`{name}`")
    aggregates = [
        f.count(f.when(column.isNull(), 1)).alias(f"{name}|nulls"),
        f.approx_count_distinct(column).alias(f"{name}|distinct"),
    ]
    if isinstance(frame.schema[name].dataType, NumericType):
        aggregates += [
            f.min(column).cast("string").alias(f"{name}|min"),
            f.max(column).cast("string").alias(f"{name}|max"),
            f.avg(column).alias(f"{name}|mean"),
            f.stddev(column).alias(f"{name}|stddev"),
        ]
    return aggregates


def profile(frame: DataFrame) -> dict:
    """The profile of a table, in one pass over its rows."""
    simple = [
        field.name
        for field in frame.schema.fields
        if field.dataType.typeName() not in ("array", "map", "struct", "binary")
    ][:MAX_COLUMNS]
    aggregates = [f.count(f.lit(1)).alias("rows")]
    for name in simple:
        aggregates += column_profile(frame, name)
    row = frame.agg(*aggregates).first().asDict()
    columns = []
    for field in frame.schema.fields:
        found = {
            key.rsplit("|", 1)[1]: value
            for key, value in row.items()
            if key.rsplit("|", 1)[0] == field.name and "|" in key
        }
        columns.append({"name": field.name, "type": field.dataType.simpleString(), **found})
    return {"rows": row["rows"], "columns": columns}


def tables(database: str) -> list:
    """The names of the database's tables that the role may see."""
    pages = boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName=database)
    return [table["Name"] for page in pages for table in page["TableList"]]


def main() -> None:
    """Profiles every table of the database."""
    options = getResolvedOptions(sys.argv, ["database", "dataset", "results"])
    glue = GlueContext(SparkContext.getOrCreate())
    database = options["database"]
    failed = []
    for table in tables(database):
        try:
            rows = glue.create_dynamic_frame.from_catalog(database=database, table_name=table)
            result = profile(rows.toDF())
        except Exception as error:  # noqa: BLE001 - one bad table must not hide the others
            failed.append(f"{table}: {error}")
            continue
        document = json.dumps({"dataset": options["dataset"], "table": table, **result})
        path = f"{options['results'].rstrip('/')}/{table}"
        glue.spark_session.createDataFrame([(document,)], ["value"]).coalesce(1).write.mode("overwrite").text(path)
    if failed:
        sys.exit("tables that could not be profiled: " + "; ".join(failed))


if __name__ == "__main__":
    main()
