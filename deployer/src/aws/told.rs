//! What CloudFormation says of a stack besides what a plan needs.

use aws_sdk_cloudformation::types::Stack;
use aws_smithy_types::date_time::Format;
use lakewright_fleet::plan::{Output, Told};

/// What CloudFormation says of a stack, for people.
pub(super) fn of(stack: &Stack) -> Told {
    let changed = stack.last_updated_time().or(stack.creation_time());
    let outputs = stack.outputs().iter().map(|output| Output {
        name: output.output_key().unwrap_or_default().to_owned(),
        value: output.output_value().unwrap_or_default().to_owned(),
        description: output.description().map(str::to_owned),
        export: output.export_name().map(str::to_owned),
    });
    let mut outputs: Vec<Output> = outputs.collect();
    outputs.sort();
    Told {
        changed: changed.and_then(|time| time.fmt(Format::DateTime).ok()),
        operation: stack
            .last_operations()
            .first()
            .and_then(|operation| operation.operation_type())
            .map(|kind| kind.as_str().to_owned()),
        outputs,
    }
}
