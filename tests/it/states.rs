//! Runs the updater's state machine with an interpreter of the Amazon States Language for the states that it uses.
//!
//! Source: "Amazon States Language" (states-language.net) and the Step Functions guide: "Handling errors in Step Functions
//! workflows" for `Retry`, `Catch` and the errors that `States.ALL` does not catch, "Distributed Map" for child executions
//! that fail, "Intrinsic functions", and "Step Functions service quotas" for 256 KiB. An unknown field is an error.

use lakewright_template::StackKind;
use lakewright_template::digest::sha256;
use serde_json::{Map, Value, json};

use crate::run::{example, mesh, sources, synthesized};

/// The maximum size of the result of a task, a state or an execution, in bytes.
const RESULT_BYTES: usize = 262_144;
/// The number of steps after which a run counts as endless.
const STEPS: usize = 100;

/// The result, or the name of the error.
type Outcome = Result<Value, String>;

/// The interpreter, with a function in place of the service that tasks call.
struct Interpreter<'t> {
    task: &'t mut dyn FnMut(&Value) -> Outcome,
    /// The list of places as text, if there is one.
    list: Option<String>,
    /// The total waiting time before retries, in seconds.
    waited: u64,
}

impl<'t> Interpreter<'t> {
    /// An interpreter with a list of this number of places.
    fn of(places: usize, task: &'t mut dyn FnMut(&Value) -> Outcome) -> Self {
        let places = (0..places).map(|number| {
            let account = (400_000_000_000_usize + number).to_string();
            json!({ "account": account, "region": "eu-west-1" })
        });
        Self { task, list: Some(places.collect::<Value>().to_string()), waited: 0 }
    }

    fn machine(&mut self, machine: &Value, input: Value) -> Outcome {
        let mut name = machine["StartAt"].as_str().expect("a start").to_owned();
        let mut data = input;
        for _ in 0..STEPS {
            let state = &machine["States"][&name];
            known(state);
            let (output, next) = match state["Type"].as_str().expect("a type") {
                "Succeed" => return Ok(data),
                "Fail" => return Err(state["Error"].as_str().expect("an error").to_owned()),
                "Choice" => (data.clone(), Some(choice(state, &data))),
                "Pass" => {
                    let given = state.get("Result").cloned();
                    (placed(state, &data, given.unwrap_or_else(|| effective(state, &data))), None)
                }
                "Task" => match self.task(state, &data) {
                    Ok(result) => (placed(state, &data, selected(state, result)), None),
                    Err(error) => {
                        let Some(catch) = caught(state, &error) else { return Err(error) };
                        let next = catch["Next"].as_str().expect("a state").to_owned();
                        (placed(catch, &data, json!({ "Error": error })), Some(next))
                    }
                },
                "Map" => {
                    let result = self.map(state, &data)?;
                    (placed(state, &data, result), None)
                }
                other => unreachable!("a state of type {other}"),
            };
            if output.to_string().len() > RESULT_BYTES {
                return Err("States.DataLimitExceeded".to_owned());
            }
            data = output;
            let next = next.or_else(|| state["Next"].as_str().map(str::to_owned));
            let Some(next) = next else {
                assert_eq!(state["End"], true, "{name} leads nowhere");
                return Ok(data);
            };
            name = next;
        }
        unreachable!("the machine does not end")
    }

    fn task(&mut self, state: &Value, data: &Value) -> Outcome {
        let parameters = effective(state, data);
        if state["Resource"] == "arn:aws:states:::aws-sdk:s3:getObject" {
            return self.object(&parameters);
        }
        let retries = state["Retry"].as_array().cloned().unwrap_or_default();
        let mut tries = vec![0; retries.len()];
        loop {
            let error = match (self.task)(&parameters) {
                Ok(result) if result.to_string().len() > RESULT_BYTES => {
                    "States.DataLimitExceeded".to_owned()
                }
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            let of = retries.iter().position(|retry| names(retry, &error));
            let Some(of) = of else { return Err(error) };
            if tries[of] >= retries[of]["MaxAttempts"].as_u64().expect("a number") {
                return Err(error);
            }
            assert_eq!(retries[of]["BackoffRate"], 1);
            self.waited += retries[of]["IntervalSeconds"].as_u64().expect("seconds");
            tries[of] += 1;
        }
    }

    /// The response of S3: the object's text as `Body`, and some metadata.
    fn object(&self, parameters: &Value) -> Outcome {
        assert_eq!(parameters["Key"], "places.json");
        let bucket = parameters["Bucket"].as_str().expect("a bucket");
        assert!(bucket.ends_with("-updater"), "{bucket}");
        let text = self.list.clone().ok_or("S3.S3Exception")?;
        Ok(json!({ "Body": text, "ContentType": "application/json", "ETag": "\"0\"" }))
    }

    /// A distributed map: each item is an execution of its own, and a failed one has no result.
    fn map(&mut self, state: &Value, data: &Value) -> Outcome {
        let processor = &state["ItemProcessor"];
        assert_eq!(processor["ProcessorConfig"]["Mode"], "DISTRIBUTED");
        let items = path(data, state["ItemsPath"].as_str().expect("a path")).clone();
        let items = items.as_array().expect("items");
        let results: Vec<Value> =
            items.iter().filter_map(|item| self.machine(processor, item.clone()).ok()).collect();
        let failed = items.len() - results.len();
        let tolerated = state["ToleratedFailurePercentage"].as_u64().unwrap_or_default();
        let tolerated = usize::try_from(tolerated).expect("a percentage");
        if failed * 100 > tolerated * items.len() {
            return Err("States.ExceedToleratedFailureThreshold".to_owned());
        }
        Ok(Value::Array(results))
    }
}

/// Fails for fields that this interpreter does not implement.
fn known(state: &Value) {
    const KNOWN: [&str; 21] = [
        "Catch",
        "Cause",
        "Choices",
        "Default",
        "End",
        "Error",
        "ItemProcessor",
        "ItemsPath",
        "MaxConcurrency",
        "Next",
        "Parameters",
        "Resource",
        "Result",
        "ResultPath",
        "ResultSelector",
        "Retry",
        "ToleratedFailurePercentage",
        "Type",
        "Comment",
        "StartAt",
        "States",
    ];
    let fields = state.as_object().unwrap_or_else(|| unreachable!("no state: {state}"));
    for field in fields.keys() {
        assert!(KNOWN.contains(&field.as_str()), "the interpreter does not know {field}");
    }
}

/// The value at a reference path.
fn path<'d>(data: &'d Value, path: &str) -> &'d Value {
    let rest = path.strip_prefix('$').expect("a path");
    rest.split('.').filter(|part| !part.is_empty()).fold(data, |data, part| {
        data.get(part).unwrap_or_else(|| unreachable!("{path} leads nowhere in {data}"))
    })
}

/// The state's `Parameters`, or its input if it has none.
fn effective(state: &Value, data: &Value) -> Value {
    state.get("Parameters").map_or_else(|| data.clone(), |template| filled(template, data))
}

/// The result after the state's `ResultSelector`.
fn selected(state: &Value, result: Value) -> Value {
    match state.get("ResultSelector") {
        Some(template) => filled(template, &result),
        None => result,
    }
}

/// A payload template: fields whose names end in `.$` are paths or intrinsic functions.
fn filled(template: &Value, data: &Value) -> Value {
    match template {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match name.strip_suffix(".$") {
                Some(name) => (name.to_owned(), evaluated(value.as_str().expect("a path"), data)),
                None => (name.clone(), filled(value, data)),
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| filled(item, data)).collect(),
        other => other.clone(),
    }
}

fn evaluated(text: &str, data: &Value) -> Value {
    // A path to a field of each item: items without the field are left out.
    if let Some((list, field)) = text.split_once("[*].") {
        let items = path(data, list).as_array().expect("an array").iter();
        return items.filter_map(|item| item.get(field)).cloned().collect();
    }
    let arguments = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(one) = arguments("States.ArrayLength") {
        return path(data, one).as_array().expect("an array").len().into();
    }
    if let Some(one) = arguments("States.StringToJson") {
        let text = path(data, one).as_str().expect("a text");
        return serde_json::from_str(text).expect("JSON");
    }
    if let Some(both) = arguments("States.ArrayContains") {
        let (list, word) = both.split_once(", ").expect("two arguments");
        let word = Value::from(word.trim_matches('\''));
        return path(data, list).as_array().expect("an array").contains(&word).into();
    }
    path(data, text).clone()
}

/// The state's output: its result, placed according to `ResultPath`.
fn placed(state: &Value, data: &Value, result: Value) -> Value {
    let Some(place) = state.get("ResultPath") else { return result };
    let Some(place) = place.as_str() else { return data.clone() };
    let field = place.strip_prefix("$.").expect("one field of the input");
    let mut data = data.clone();
    data[field] = result;
    data
}

fn choice(state: &Value, data: &Value) -> String {
    let rules = state["Choices"].as_array().expect("rules").iter();
    let is_met = |rule: &&Value| {
        let variable = rule["Variable"].as_str().expect("a path");
        if let Some(wanted) = rule.get("IsPresent") {
            let list = variable.strip_suffix("[0]").expect("the first item of a list");
            return *wanted == path(data, list).get(0).is_some();
        }
        let value = path(data, variable);
        let known = ["BooleanEquals", "NumericEquals", "NumericEqualsPath"];
        match known.map(|name| rule.get(name)) {
            [Some(wanted), None, None] | [None, Some(wanted), None] => value == wanted,
            [None, None, Some(other)] => value == path(data, other.as_str().expect("a path")),
            _ => unreachable!("a rule of one kind: {rule}"),
        }
    };
    let next = rules.clone().find(is_met).map_or(&state["Default"], |rule| &rule["Next"]);
    next.as_str().expect("a state").to_owned()
}

fn names(one: &Value, error: &str) -> bool {
    let mut names = one["ErrorEquals"].as_array().expect("errors").iter();
    // `States.ALL` does not catch these two errors.
    let is_last = ["States.DataLimitExceeded", "States.Runtime"].contains(&error);
    names.any(|name| name == error || (name == "States.ALL" && !is_last))
}

fn caught<'s>(state: &'s Value, error: &str) -> Option<&'s Value> {
    state["Catch"].as_array()?.iter().find(|one| names(one, error))
}

/// The updater's state machine in the platform's stack.
fn updater() -> Value {
    let stacks = synthesized(&mesh(&sources(&example("full"))));
    let platform =
        stacks.iter().find(|stack| stack.entry.kind == StackKind::Platform).expect("a stack");
    let template: Value = serde_json::from_str(&platform.json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources");
    let machine = resources.values().find(|one| one["Type"] == "AWS::StepFunctions::StateMachine");
    machine.expect("a machine")["Properties"]["Definition"].clone()
}

/// The account that a build was started for.
fn account(parameters: &Value) -> &str {
    let variables = parameters["EnvironmentVariablesOverride"].as_array().expect("variables");
    let variable = variables.iter().find(|one| one["Name"] == "ACCOUNT");
    variable.expect("the account")["Value"].as_str().expect("a text")
}

/// A complete response of CodeBuild: 6 KB.
fn build() -> Value {
    let texts = (0_u8..96).map(|number| sha256(&[number]));
    json!({ "Build": { "Logs": texts.collect::<Vec<_>>() } })
}

#[test]
fn a_thousand_places_are_refreshed_and_nothing_is_kept_of_their_builds() {
    let machine = updater();
    assert!(build().to_string().len() > 6_000);
    let mut built = Vec::new();
    let mut task = |parameters: &Value| -> Outcome {
        built.push(account(parameters).to_owned());
        Ok(build())
    };
    let ran = Interpreter::of(1_000, &mut task).machine(&machine, json!({}));
    let output = ran.expect("all places were refreshed");
    assert!(output.to_string().len() < 1_000, "{output}");
    assert_eq!(built.len(), 1_000);
}

#[test]
fn one_place_that_fails_fails_the_run_when_all_were_tried() {
    let machine = updater();
    // A failed build, a persistent refusal, and an error that nothing catches.
    for error in ["States.TaskFailed", "CodeBuild.AccountLimitExceededException", "States.Runtime"]
    {
        let mut built = 0;
        let mut task = |parameters: &Value| -> Outcome {
            if account(parameters) == "400000000007" {
                return Err(error.to_owned());
            }
            built += 1;
            Ok(build())
        };
        let ran = Interpreter::of(100, &mut task).machine(&machine, json!({}));
        assert_eq!(ran, Err("NotRefreshed".to_owned()), "{error}");
        assert_eq!(built, 99, "{error}");
    }
}

/// A stack may name a role that the run of another place creates in the same night, whichever comes first in the list. 4,000
/// places are about as many as fit.
#[test]
fn a_place_that_fails_is_tried_again_after_all_others() {
    let machine = updater();
    let mut built = Vec::new();
    let mut task = |parameters: &Value| -> Outcome {
        built.push(account(parameters).to_owned());
        // It needs what the last place creates.
        let is_first = built.len() == 1;
        if is_first { Err("States.TaskFailed".to_owned()) } else { Ok(build()) }
    };
    let ran = Interpreter::of(4_000, &mut task).machine(&machine, json!({}));
    assert!(ran.is_ok(), "{ran:?}");
    assert_eq!(built.len(), 4_001);
    assert_eq!((built[0].as_str(), built[4_000].as_str()), ("400000000000", "400000000000"));
}

#[test]
fn a_run_without_a_list_of_places_fails() {
    let machine = updater();
    let mut built = 0;
    let mut task = |_: &Value| -> Outcome {
        built += 1;
        Ok(build())
    };
    let empty = Interpreter::of(0, &mut task).machine(&machine, json!({}));
    assert_eq!(empty, Err("NotRefreshed".to_owned()));
    let mut without = Interpreter { list: None, ..Interpreter::of(1, &mut task) };
    assert_eq!(without.machine(&machine, json!({})), Err("S3.S3Exception".to_owned()));
    assert_eq!(built, 0);
}

#[test]
fn a_build_that_is_refused_for_a_while_is_started_later() {
    let machine = updater();
    let mut tries = 0;
    let mut task = |_: &Value| -> Outcome {
        tries += 1;
        if tries < 10 {
            return Err("CodeBuild.AccountLimitExceededException".to_owned());
        }
        Ok(build())
    };
    let mut interpreter = Interpreter::of(1, &mut task);
    let ran = interpreter.machine(&machine, json!({}));
    assert!(ran.is_ok(), "{ran:?}");
    assert_eq!(interpreter.waited, 9 * 150, "minutes, as the account may be full");
    assert_eq!(tries, 10);
}
