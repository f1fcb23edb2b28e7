"""Sample data in a bucket, and queries on it."""

import time
from typing import Any, Callable

from lwfd import catalog
from lwfd.place import Place, Unclear, pause
from lwfd.roles import Json, allow

# What the declared table has, and what only a crawler can find. Different forms: a crawler takes folders that are
# alike for partitions of one table.
ROWS = {"orders": ("rows.csv", "1,a\n2,b\n"),
        "found": ("rows.json", '{"day": "2026-11-29", "amount": 1.5}\n{"day": "2026-11-30", "amount": 2.5}\n')}
CLOSED = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}


def bucket(name: str) -> Json:
    return {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": name, "PublicAccessBlockConfiguration": CLOSED}}


def upload(place: Place, name: str, folder: str) -> None:
    """One object with two rows."""
    file, rows = ROWS[folder]
    place.client("s3").put_object(Bucket=name, Key=f"{folder}/{file}", Body=rows.encode())


def reading(place: Place, bucket_name: str) -> list[Json]:
    """What a reader needs in IAM: the catalogue, the data, and Athena."""
    mine = f"arn:{place.partition}:s3:::{bucket_name}"
    return [
        allow(["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartitions",
               "glue:GetPartition", "lakeformation:GetDataAccess"]),
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"], [mine, f"{mine}/*"]),
        allow(["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
               "athena:GetWorkGroup"], place.arn("athena", "workgroup/lwfd-*")),
    ]


def count(place: Place, workgroup: str, database: str) -> int:
    """How many rows the caller of `place` sees."""
    athena = place.client("athena")
    query = athena.start_query_execution(
        WorkGroup=workgroup, QueryString=f'SELECT count(*) FROM "{database}"."{catalog.TABLE}"')["QueryExecutionId"]
    while True:
        state = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if state["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            break
        pause(2)
    if state["State"] != "SUCCEEDED":
        raise Unclear(f"a query of the reader ended with {state.get('StateChangeReason', state['State'])}")
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return int(rows[1]["Data"][0]["VarCharValue"])


def until(place: Place, ready: Callable[[], Any], minutes: float, what: str) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        if (answer := ready()) is not None:
            return answer
        pause(0.2 if place.emulated else 10)
    raise Unclear(f"{what} did not end within {minutes:g} minutes")
