"""Glue jobs and crawlers in the catalogue that a dataset has."""

from typing import Any

from lwfd import catalog, data, lake
from lwfd.place import Unclear
from lwfd.probe import Outcome, Probe, Work, failed, passed, surprise
from lwfd.roles import allow, role
from lwfd.stacks import Template

GLUE = {"Service": "glue.amazonaws.com"}
SCRIPT = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
spark.sql("SHOW DATABASES").show()
"""


def glue_role(work: Work, name: str, bucket: str) -> dict[str, Any]:
    """What a dataset's role has in IAM: its own bucket and database, and reading `default`."""
    place, mine = work.first, f"arn:{work.first.partition}:s3:::{bucket}"
    kinds = ["catalog", "database/default", f"database/{bucket}", f"table/{bucket}/*"]
    writing = ["BatchCreatePartition", "BatchGetPartition", "CreateTable", "GetDatabase", "GetDatabases",
               "GetPartition", "GetPartitions", "GetTable", "GetTables", "UpdateTable", "UpdatePartition"]
    return role(name, GLUE, [
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"], [mine, f"{mine}/*"]),
        allow([f"glue:{action}" for action in writing], [place.arn("glue", kind) for kind in kinds]),
        allow(["lakeformation:GetDataAccess"]),
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
              place.arn("logs", "log-group:/aws-glue/*")),
    ])


def granted(work: Work, name: str, who: str) -> Template:
    """The database with the grants that a dataset's role gets; none on `default`."""
    place = work.first
    tables = {"Table": {"CatalogId": place.account, "DatabaseName": name, "TableWildcard": {}}}
    return {
        "Database": catalog.database(place, name),
        "OnDatabase": catalog.grant(place, who, lake.database(place, name), ["ALTER", "CREATE_TABLE", "DESCRIBE"],
                                    "Database"),
        "OnTables": catalog.grant(place, who, tables, ["ALTER", "DESCRIBE", "DROP", "INSERT", "SELECT"],
                                  "OnDatabase"),
    }


def default_is_open(work: Work) -> str:
    """How `default` looks: absent, open to IAM permissions, or closed. It is only read."""
    place, glue = work.first, work.first.client("glue")
    try:
        glue.get_database(Name="default")
    except glue.exceptions.EntityNotFoundException:
        return "absent"
    return "open" if lake.EVERYONE in lake.grants(place, lake.database(place, "default")) else "closed"


def prepare(work: Work, what: str) -> tuple[str, str]:
    """The role and the bucket that a job or a crawler uses: the name of both, and the role's ARN."""
    place, name, who = work.first, work.name(f"{what}-data"), work.name(f"{what}-glue-role")
    lake.become_admin(place, work.run)
    work.stacks(place).create(f"{what}-glue-role", {"Role": glue_role(work, who, name)}).must()
    place.settle()
    return name, place.role_arn(who)


def profiler(work: Work) -> Outcome:
    what, place = "default-database", work.first
    name, who = prepare(work, what)
    before = default_is_open(work)
    job = {"Type": "AWS::Glue::Job", "Properties": {
        "Name": name, "Role": who, "GlueVersion": "4.0", "WorkerType": "G.1X", "NumberOfWorkers": 2, "Timeout": 10,
        "MaxRetries": 0, "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"s3://{name}/job.py"},
        "DefaultArguments": {"--enable-glue-datacatalog": "true"}}}
    work.stacks(place).create(f"{what}-data", {
        "Bucket": data.bucket(name), "Job": job, **granted(work, name, who)}).must()
    place.client("s3").put_object(Bucket=name, Key="job.py", Body=SCRIPT.encode())
    outcome = judged(before, *job_run(work, name))
    return with_describe(work, name, who, outcome) if outcome.code == "refused" and before == "closed" else outcome


def job_run(work: Work, name: str) -> tuple[str, str]:
    """Run the job: its last state, and its message."""
    glue = work.first.client("glue")
    run = glue.start_job_run(JobName=name)["JobRunId"]

    def ended() -> dict[str, Any] | None:
        found = glue.get_job_run(JobName=name, RunId=run)["JobRun"]
        return found if found["JobRunState"] in ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR") else None

    found = data.until(work.first, ended, 15, "the job")
    return found["JobRunState"], found.get("ErrorMessage", "")


def with_describe(work: Work, name: str, who: str, outcome: Outcome) -> Outcome:
    """Run the job again while its role has DESCRIBE on `default`."""
    default = lake.database(work.first, "default")
    lake.grant(work.first, who, default, ["DESCRIBE"])
    try:
        state, message = job_run(work, name)
    finally:
        lake.revoke(work.first, who, default, ["DESCRIBE"])
    seen = f"{outcome.seen}; with DESCRIBE the job ended {state}. {message[:200]}".strip()
    return failed("refused", seen, state == "SUCCEEDED")


def judged(default: str, state: str, message: str) -> Outcome:
    """What a run without a grant on `default` says, given how that database looked before."""
    seen = f"the database default was {default} before; the job ended {state}. {message[:300]}".strip()
    if state == "SUCCEEDED":
        if default == "closed":
            return passed("not-needed", seen)
        raise Unclear(f"{seen}; with IAM_ALLOWED_PRINCIPALS gone from default (or with default created and closed) "
                      "this probe could tell")
    words = message.lower()
    denied = "denied" in words or "not authorized" in words
    # A job can be denied other things, too: its bucket, for example.
    return failed("refused", seen) if "lake formation" in words or denied and "default" in words else \
        surprise("other", seen)


def crawler(name: str, who: str) -> dict[str, Any]:
    """A crawler over the whole bucket, with the schema policy that Lakewright writes."""
    return {"Type": "AWS::Glue::Crawler", "DependsOn": "Bucket", "Properties": {
        "Name": name, "Role": who, "DatabaseName": {"Ref": "Database"},
        "SchemaChangePolicy": {"DeleteBehavior": "DEPRECATE_IN_DATABASE", "UpdateBehavior": "UPDATE_IN_DATABASE"},
        "Targets": {"S3Targets": [{"Path": f"s3://{name}/"}]}}}


def crawl(work: Work, name: str) -> None:
    glue = work.first.client("glue")
    glue.start_crawler(Name=name)

    def ended() -> str | None:
        found = glue.get_crawler(Name=name)["Crawler"]
        return found.get("LastCrawl", {}).get("Status", "") if found["State"] == "READY" else None

    work.first.settle(20)
    if (status := data.until(work.first, ended, 20, "the crawl")) != "SUCCEEDED":
        reason = glue.get_crawler(Name=name)["Crawler"].get("LastCrawl", {}).get("ErrorMessage", "")
        raise Unclear(f"the crawl ended {status}: {reason}")


def two_crawls(work: Work) -> Outcome:
    what, place = "two-crawls", work.first
    name, who = prepare(work, what)
    work.stacks(place).create(f"{what}-data", {
        "Bucket": data.bucket(name), "Crawler": crawler(name, who),
        "Table": catalog.table(place, name, f"s3://{name}/orders/"), **granted(work, name, who)}).must()
    data.upload(place, name, "orders")
    data.upload(place, name, "found")
    for _ in range(2):
        crawl(work, name)
    pages = place.client("glue").get_paginator("get_tables").paginate(DatabaseName=name)
    tables = {table["Name"]: table for page in pages for table in page["TableList"]}
    declared = tables.get(catalog.TABLE)
    columns = [column["Name"] for column in declared["StorageDescriptor"]["Columns"]] if declared else []
    everyone = [one for one in tables if lake.EVERYONE in lake.grants(place, lake.table(place, name, one))]
    seen = (f"after two crawls: {', '.join(sorted(tables))}; columns of {catalog.TABLE}: {', '.join(columns)}; open to "
            f"{lake.EVERYONE}: {', '.join(everyone) or 'none'}")
    if not declared:
        return failed("gone", seen)
    if "DEPRECATED_BY_CRAWLER" in declared.get("Parameters", {}):
        return failed("deprecated", seen)
    if any(one.startswith(f"{catalog.TABLE}_") for one in tables):
        return failed("doubled", seen)
    if columns != [column["Name"] for column in catalog.COLUMNS]:
        return failed("rewritten", seen)
    return passed("kept", seen) if "found" in tables else surprise("nothing-found", seen)


PROBES = [
    Probe("default-database", "1:6", "Does a Spark job with Hive support run without a grant on `default`?",
          "not-needed: the job succeeds although default is closed. Foreseen otherwise: refused (insufficient Lake "
          "Formation permissions)",
          "Athena documentation on Lake Formation limits; dataall PR #649, #701; dbt-glue #373",
          "DESCRIBE on default for the role, or no Hive support", profiler,
          "an S3 bucket, a Glue database, a Glue job of two workers, a role", 5, cost=0.06,
          touches="a grant of DESCRIBE on the database default to its own role, if the job fails without it",
          aws_only="the emulator runs no Spark", lake=True),
    Probe("two-crawls", "1:7", "Does a declared table survive two crawls of its bucket?",
          "kept: one table with the declared columns. Foreseen otherwise: deprecated or doubled (the crawler compares "
          "compressionType and typeOfData, which the table lacks)",
          "cloud-intelligence-dashboards-data-collection #463, PR #462; Glue documentation on tables made by hand",
          "compressionType and typeOfData on declared tables; InheritFromTable and MergeNewColumns", two_crawls,
          "an S3 bucket, a Glue database, a crawler that runs twice, a role", 8, cost=0.30,
          aws_only="the emulator's crawlers find nothing", lake=True),
]
