//! The state machine of the updater: a distributed map over the accounts and regions. A failure does not stop the
//! others; the run fails after all have been tried.

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

/// The outcome of an account and region that was not refreshed.
const MISSED: &str = "missed";

/// The definition. Only the outcome of each build is kept: a state's result is limited to 256 KiB.
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
            .with("has_missed.$", format!("States.ArrayContains($.outcomes, '{MISSED}')"))
            .with("tried.$", "States.ArrayLength($.outcomes)")
            .with("wanted.$", "States.ArrayLength($.places)"),
    );
    let missed = Map::new()
        .with("BooleanEquals", true)
        .with("Next", "NotRefreshed")
        .with("Variable", "$.has_missed");
    let all = Map::new()
        .with("Next", "Done")
        .with("NumericEqualsPath", "$.wanted")
        .with("Variable", "$.tried");
    // An empty list is more likely a mistake than an empty mesh.
    let none = Map::new()
        .with("Next", "NotRefreshed")
        .with("NumericEquals", 0_i64)
        .with("Variable", "$.wanted");
    let judge = Map::new()
        .with("Choices", Value::List(vec![missed.into(), none.into(), all.into()]))
        .with("Default", "NotRefreshed")
        .with("Type", "Choice");
    let not_refreshed = Map::new()
        .with(
            "Cause",
            "An account and region was not refreshed, or none was listed; the builds of this run say why",
        )
        .with("Error", "NotRefreshed")
        .with("Type", "Fail");
    Map::new().with("StartAt", "Places").with(
        "States",
        Map::new()
            .with("Count", count)
            .with("Done", Map::new().with("Type", "Succeed"))
            .with("Environments", each)
            .with("Judge", judge)
            .with("NotRefreshed", not_refreshed)
            .with("Places", places(place, bucket)),
    )
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
        .with("ResultSelector", Map::new().with("places.$", "States.StringToJson($.Body)"))
        .with("Type", "Task")
}

/// One account and region: a build, whose start is retried while the account rejects it.
fn one_place(place: &Place, project: &str) -> Map {
    let texts =
        |values: &[&'static str]| Value::List(values.iter().map(|value| (*value).into()).collect());
    let variable = |name: &'static str, path: &'static str| {
        Value::from(Map::new().with("Name", name).with("Type", "PLAINTEXT").with("Value.$", path))
    };
    let missed = Map::new().with("ErrorEquals", texts(&["States.ALL"])).with("Next", "Missed");
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
    // Only one word per account and region is kept as its outcome.
    let end = |result: &'static str| {
        Map::new().with("End", true).with("Result", result).with("Type", "Pass")
    };
    let states = Map::new()
        .with("Missed", end(MISSED))
        .with("Refresh", refresh)
        .with("Refreshed", end("refreshed"));
    let mode = Map::new().with("ExecutionType", "STANDARD").with("Mode", "DISTRIBUTED");
    Map::new().with("ProcessorConfig", mode).with("StartAt", "Refresh").with("States", states)
}

fn pass(next: &'static str) -> Map {
    Map::new().with("Next", next).with("Type", "Pass")
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
        assert!(!retried, "a build that ran is not run again");
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
