#!/usr/bin/env python3
"""Runs the SQL of masks and of whole views in engines, and prints the results as JSON.

Standard input: {"engine": "velox" | "duckdb" | "spark", "expressions": [...], "views": [...]}.

- velox: Presto's functions, which are those of Athena's engine. It evaluates expressions, not queries. An expression has a
  `sql` over the column `x`, a `type` (`bigint` or `string`) and `values` as texts; the answer is the list of results.
- duckdb: whole views in Athena's dialect, translated by sqlglot for this test only.
- spark: whole views in Spark's dialect, as they are written. `settings` of the session are those that a reader may choose.

A view has `database`, `table`, `columns` (name and Hive type), `rows` (lists of texts or null) and `sql`. The answer is
{"columns": [...], "types": [...], "rows": [...]}, with every value as a text.
"""

import datetime
import decimal
import json
import os
import sys


def python_value(kind, text):
    if text is None:
        return None
    word = kind.split("(")[0]
    if word in ("bigint", "int", "smallint", "tinyint"):
        return int(text)
    if word == "decimal":
        return decimal.Decimal(text)
    if word == "date":
        return datetime.date.fromisoformat(text)
    if word == "boolean":
        return text == "true"
    if word == "double":
        return float(text)
    return text


def velox(request):
    from pyvelox import legacy

    answers = []
    for one in request["expressions"]:
        values = [int(text) if one["type"] == "bigint" and text is not None else text for text in one["values"]]
        column = legacy.from_list(values)
        expression = legacy.Expression.from_string(one["sql"])
        result = expression.evaluate(["x"], [column])
        answers.append([result[at] for at in range(len(values))])
        # The engine's pools complain when they outlive what they hold; the order is that of the references.
        del result, column, expression
    return {"expressions": answers}


def text(value):
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def duckdb(request):
    import duckdb as engine
    import sqlglot

    answers = []
    for view in request["views"]:
        connection = engine.connect()
        database, table = (sqlglot.exp.to_identifier(view[key], quoted=True).sql("duckdb") for key in ("database", "table"))
        columns = [
            f'{sqlglot.exp.to_identifier(name, quoted=True).sql("duckdb")} {sqlglot.exp.DataType.build(kind, dialect="hive").sql("duckdb")}'
            for name, kind in view["columns"]
        ]
        connection.execute(f"CREATE SCHEMA {database}")
        connection.execute(f"CREATE TABLE {database}.{table} ({', '.join(columns)})")
        for row in view["rows"]:
            values = [python_value(kind, one) for (_, kind), one in zip(view["columns"], row)]
            connection.execute(f"INSERT INTO {database}.{table} VALUES ({', '.join('?' * len(row))})", values)
        sql = sqlglot.transpile(view["sql"], read="athena", write="duckdb", error_level=sqlglot.ErrorLevel.RAISE)
        assert len(sql) == 1, sql
        connection.execute(f"CREATE VIEW shown AS {sql[0]}")
        result = connection.execute("SELECT * FROM shown")
        answers.append({
            "columns": [column[0] for column in result.description],
            "types": [str(column[1]).lower() for column in result.description],
            "rows": [[text(value) for value in row] for row in result.fetchall()],
        })
    return {"views": answers}


def spark(request):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    import tempfile

    from pyspark.sql import SparkSession

    answers = []
    with tempfile.TemporaryDirectory() as folder:
        session = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        for setting, value in request.get("settings", {}).items():
            session.conf.set(setting, value)
        for view in request["views"]:
            quoted = [f"`{view[key].replace('`', '``')}`" for key in ("database", "table")]
            session.sql(f"CREATE DATABASE IF NOT EXISTS {quoted[0]}")
            columns = ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in view["columns"])
            session.sql(f"DROP TABLE IF EXISTS {quoted[0]}.{quoted[1]}")
            session.sql(f"CREATE TABLE {quoted[0]}.{quoted[1]} ({columns}) USING parquet")
            # From a file, because rows from Python take workers, which take minutes on a busy machine.
            def line(row):
                # Texts of decimals and dates are read as such, but those of whole numbers are not.
                pairs = ((name, python_value(kind, one)) for (name, kind), one in zip(view["columns"], row))
                return {name: one if isinstance(one, int) else text(one) for name, one in pairs}

            lines = [line(row) for row in view["rows"]]
            with open(f"{folder}/rows.json", "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            schema = session.table(f"{quoted[0]}.{quoted[1]}").schema
            read = session.read.schema(schema).option("primitivesAsString", "false").json(f"{folder}/rows.json")
            read.coalesce(1).write.insertInto(f"{quoted[0]}.{quoted[1]}")
            result = session.sql(view["sql"])
            answers.append({
                "columns": result.columns,
                "types": [kind for _, kind in result.dtypes],
                "rows": [[text(value) for value in row] for row in result.collect()],
            })
        session.stop()
    return {"views": answers}


ENGINES = {"velox": velox, "duckdb": duckdb, "spark": spark}

if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(ENGINES[request["engine"]](request), ensure_ascii=False))
