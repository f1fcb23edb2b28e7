//! The state machine of the updater: a distributed map over the accounts and regions. A failure does not stop the
//! others. Those that were not refreshed are tried a second time, after all others: a stack may name a role that the
//! run of another account creates in the same night. The run fails after that.

use lakewright_template::{Map, Place, Value};

/// The file that lists the accounts and regions, next to the mesh and the program. In the definition they would make
/// the template grow with the mesh.
pub(super) const PLACES: &str = "places.json";

/// The maximum number of concurrent builds.
const CONCURRENCY: i64 = 10;

/// How often a rejected start of a build is retried, and the interval in seconds: half an hour in total. New accounts,
/// and accounts with little usage, may run only one build or none at a time, whatever their quotas state.
const START_TRIES: i64 = 12;
const START_WAIT: i64 = 150;
/// The errors that Step Functions returns for a rejected start. A build that ran and failed is `States.TaskFailed`.
const REFUSED: [&str; 3] = [
    "CodeBuild.AccountLimitExceededException",
    "CodeBuild.AWSCodeBuildException",
    "CodeBuild.SdkClientException",
];

/// The key in the outcome of an account and region that was not refreshed; its value is the account and region.
const MISSED: &str = "missed";

/// The maximum duration of a run, in seconds: 23 hours, so that the runs of two nights never overlap.
const RUN_SECONDS: i64 = 82_800;

/// The definition. Only the outcome of each build is kept: a state's result is limited to 256 KiB.
///
/// The same map runs the second time, with what the first one missed as its list. A path with `[*]` selects several
/// values, in `Parameters` but not in `ItemsPath`, which takes a reference path. Sources: "Using JSONPath paths" and
/// "Choice workflow state" (`IsPresent`) in the Step Functions guide.
pub(super) fn definition(place: &Place, project: &str, bucket: &str) -> Map {
    let each = Map::new()
        .with("ItemProcessor", one_place(place, project))
        .with("ItemsPath", "$.places")
        .with("MaxConcurrency", CONCURRENCY)
        .with("Next", "Count")
        .with("ResultPath", "$.outcomes")
        // An uncaught failure has no outcome; the count below detects it.
        .with("ToleratedFailurePercentage", 100_i64)
        .with("Type", "Map");
    let count = pass("Judge").with(
        "Parameters",
        Map::new()
            .with("is_second.$", "$.is_second")
            .with("places.$", format!("$.outcomes[*].{MISSED}"))
            .with("tried.$", "States.ArrayLength($.outcomes)")
            .with("wanted.$", "States.ArrayLength($.places)"),
    );
    // An empty list is more likely a mistake than an empty mesh.
    let none = Map::new()
        .with("Next", "NotRefreshed")
        .with("NumericEquals", 0_i64)
        .with("Variable", "$.wanted");
    let all = Map::new()
        .with("Next", "Decide")
        .with("NumericEqualsPath", "$.wanted")
        .with("Variable", "$.tried");
    let refreshed =
        Map::new().with("IsPresent", false).with("Next", "Done").with("Variable", "$.places[0]");
    let twice = Map::new()
        .with("BooleanEquals", true)
        .with("Next", "NotRefreshed")
        .with("Variable", "$.is_second");
    let again = pass("Environments")
        .with("Parameters", Map::new().with("is_second", true).with("places.$", "$.places"));
    let not_refreshed = Map::new()
        .with(
            "Cause",
            "An account and region was not refreshed in two attempts, or none was listed; the builds of this run say why",
        )
        .with("Error", "NotRefreshed")
        .with("Type", "Fail");
    let states = Map::new()
        .with("Again", again)
        .with("Count", count)
        .with("Decide", choice(vec![refreshed, twice], "Again"))
        .with("Done", Map::new().with("Type", "Succeed"))
        .with("Environments", each)
        .with("Judge", choice(vec![none, all], "NotRefreshed"))
        .with("NotRefreshed", not_refreshed)
        .with("Places", places(place, bucket));
    Map::new().with("StartAt", "Places").with("States", states).with("TimeoutSeconds", RUN_SECONDS)
}

/// Reads the list of accounts and regions, uploaded with each release of the mesh. Without the file the run fails.
///
/// Sources: "Integrating with AWS services using their SDKs" and "Intrinsic functions" in the Step Functions guide; that an
/// object's `Body` is text, localstack/localstack #10787 (2024).
fn places(place: &Place, bucket: &str) -> Map {
    let object = Map::new().with("Bucket", bucket.to_owned()).with("Key", PLACES);
    Map::new()
        .with("Next", "Environments")
        .with("Parameters", object)
        .with("Resource", place.partition_arn("states", "aws-sdk:s3:getObject"))
        .with(
            "ResultSelector",
            Map::new().with("is_second", false).with("places.$", "States.StringToJson($.Body)"),
        )
        .with("Type", "Task")
}

/// One account and region: a build, whose start is retried while the account rejects it.
fn one_place(place: &Place, project: &str) -> Map {
    let texts =
        |values: &[&'static str]| Value::List(values.iter().map(|value| (*value).into()).collect());
    let variable = |name: &'static str, path: &'static str| {
        Value::from(Map::new().with("Name", name).with("Type", "PLAINTEXT").with("Value.$", path))
    };
    let missed = Map::new()
        .with("ErrorEquals", texts(&["States.ALL"]))
        .with("Next", "Missed")
        .with("ResultPath", "$.error");
    let again = Map::new()
        .with("BackoffRate", 1_i64)
        .with("ErrorEquals", texts(&REFUSED))
        .with("IntervalSeconds", START_WAIT)
        .with("MaxAttempts", START_TRIES);
    let variables = vec![variable("ACCOUNT", "$.account"), variable("REGION", "$.region")];
    let parameters = Map::new()
        .with("EnvironmentVariablesOverride", Value::List(variables))
        .with("ProjectName", project.to_owned());
    let refresh = Map::new()
        .with("Catch", Value::List(vec![missed.into()]))
        .with("Next", "Refreshed")
        .with("Parameters", parameters)
        .with("Resource", place.partition_arn("states", "codebuild:startBuild.sync"))
        .with("Retry", Value::List(vec![again.into()]))
        .with("Type", "Task");
    // The error is dropped: it can be a whole build.
    let itself = Map::new().with("account.$", "$.account").with("region.$", "$.region");
    let states = Map::new()
        .with("Missed", end().with("Parameters", Map::new().with(MISSED, itself)))
        .with("Refresh", refresh)
        .with("Refreshed", end().with("Result", Map::new().with("done", true)));
    let mode = Map::new().with("ExecutionType", "STANDARD").with("Mode", "DISTRIBUTED");
    Map::new().with("ProcessorConfig", mode).with("StartAt", "Refresh").with("States", states)
}

fn pass(next: &'static str) -> Map {
    Map::new().with("Next", next).with("Type", "Pass")
}

/// The last state of an account and region.
fn end() -> Map {
    Map::new().with("End", true).with("Type", "Pass")
}

fn choice(rules: Vec<Map>, otherwise: &'static str) -> Map {
    let rules = rules.into_iter().map(Value::from).collect();
    Map::new().with("Choices", Value::List(rules)).with("Default", otherwise).with("Type", "Choice")
}

#[cfg(test)]
mod tests {
    use lakewright_template::write::value_to_compact_json;

    use super::*;

    fn in_region(region: &str) -> Place {
        Place::parse("111122223333", region).expect("a place")
    }

    // "The updater" in `docs/stacks/platform.md`.

    #[test]
    fn a_start_that_is_refused_is_repeated_and_a_build_that_failed_is_not() {
        let text =
            value_to_compact_json(&definition(&in_region("eu-west-1"), "project", "bucket").into());
        assert!(text.contains(r#""IntervalSeconds":150,"MaxAttempts":12"#), "{text}");
        assert!(text.contains(r#""BackoffRate":1,"#), "each after the same time");
        assert!(text.contains(r#""MaxConcurrency":10"#));
        // `States.TaskFailed` in "Handling errors in Step Functions workflows": any task that failed, a build too.
        let retried = REFUSED.iter().any(|error| error.starts_with("States."));
        assert!(!retried, "a build that ran is run again after all others, not at once");
        // 23 hours: a run of the next night finds no other one.
        assert!(text.contains(r#""TimeoutSeconds":82800"#), "{text}");
    }

    #[test]
    fn the_services_are_those_of_the_partition() {
        let text = value_to_compact_json(
            &definition(&in_region("cn-north-1"), "project", "bucket").into(),
        );
        assert!(text.contains("arn:aws-cn:states:::codebuild:startBuild.sync"), "{text}");
        assert!(!text.contains("arn:aws:"), "{text}");
    }
}
