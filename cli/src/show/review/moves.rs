//! How resources move without loss: the words that all forms share.

use lakewright_diff::moves;
use lakewright_diff::review::StackRefactoring;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, StackAddress, Value};

use super::Shown;
use super::sentences::{Sentence, printable};

/// The title of the deployments that do the moves that a stack refactoring cannot do.
pub(super) const DETOURS: &str =
    "Deployments that move without loss what a stack refactoring cannot move, in this order:";
/// What no template shows about a refactoring.
pub(super) const STACK_POLICY: &str = moves::STACK_POLICY;
/// What stands for a template in a request that people read.
const TEMPLATE: &str = "(the template after the change)";

/// The stacks of a refactoring.
pub(super) fn refactoring(one: &StackRefactoring, shown: &Shown<'_>) -> Sentence {
    let mut sentence = Sentence::new("A stack refactoring of ");
    let last = one.stacks.len().saturating_sub(1);
    for (place, stack) in one.stacks.iter().enumerate() {
        let between = match place {
            0 => "",
            _ if place == last => " and ",
            _ => ", ",
        };
        sentence = sentence.words(between).name(&shown.stack(stack));
    }
    sentence.words(" moves these resources. `--format json` has the request with the templates:")
}

/// The command that sends the request. Source: `create-stack-refactor` in the AWS CLI reference.
pub(super) fn command(one: &StackRefactoring) -> String {
    let region = one.stacks.iter().find_map(|stack| StackAddress::parse(stack).ok());
    let region = region.map(|address| format!(" --region {}", address.place.region));
    let region = region.unwrap_or_default();
    format!("aws cloudformation create-stack-refactor{region} --cli-input-json file://request.json")
}

/// The request without its templates, in one line.
pub(super) fn short_request(one: &StackRefactoring) -> String {
    let definitions = one.request.get("StackDefinitions").and_then(Value::as_list);
    let definitions = definitions.unwrap_or_default().iter().filter_map(Value::as_map);
    let short: Vec<Map> = definitions
        .map(|definition| {
            let mut short = definition.clone();
            short.insert("TemplateBody", TEMPLATE);
            short
        })
        .collect();
    let request = one.request.clone().with("StackDefinitions", Value::from(short));
    printable(&value_to_compact_json(&Value::from(request))).into_owned()
}

/// The whole request.
pub(super) fn request(one: &StackRefactoring) -> String {
    printable(&value_to_compact_json(&Value::from(one.request.clone()))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_request_without_its_templates() {
        let definition =
            Map::new().with("StackName", "a").with("TemplateBody", "{\"Resources\":{}}");
        let one = StackRefactoring {
            stacks: vec!["111122223333/eu-west-1/a".to_owned()],
            request: Map::new()
                .with("EnableStackCreation", false)
                .with("StackDefinitions", Value::from(vec![definition])),
        };
        assert_eq!(
            short_request(&one),
            "{\"EnableStackCreation\":false,\"StackDefinitions\":[{\"StackName\":\"a\",\
             \"TemplateBody\":\"(the template after the change)\"}]}"
        );
        assert!(request(&one).contains("Resources"), "{}", request(&one));
        assert_eq!(
            command(&one),
            "aws cloudformation create-stack-refactor --region eu-west-1 --cli-input-json file://request.json"
        );
    }
}
