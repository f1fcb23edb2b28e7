//! Checks guardrails on every template before it is written. A violation is an error at a manifest
//! line.

use lakewright_guardrails::{Breach, emitted};
use lakewright_manifest::{Code, Diagnostic, Report};
use lakewright_synth::Lowered;
use lakewright_template::place::Place;

use crate::diagnose::at_causes;

/// Checks a stack's documents, and the permissions of its roles.
pub(crate) fn check(address: &str, place: &Place, lowered: &Lowered) -> Result<(), Report> {
    let mut report = Report::new();
    match emitted(address, place, &lowered.template) {
        Ok(breaches) => breaches.iter().for_each(|breach| report.push(diagnose(breach, lowered))),
        Err(error) => {
            let diagnostic = Diagnostic::new(Code::Guardrail, error.to_string()).help(HELP);
            report.push(at_causes(diagnostic, lowered.causes.iter().copied()));
        }
    }
    if report.has_errors() { Err(report) } else { Ok(()) }
}

const HELP: &str = "this is a defect of Lakewright; please report it with this message";

fn diagnose(breach: &Breach, lowered: &Lowered) -> Diagnostic {
    let Breach { rule, origin, sid, message } = breach;
    let part = format!("{}#{sid}", origin.logical_id);
    let causes = lowered.provenance.get(&part).or(lowered.provenance.get(&origin.logical_id));
    let message = format!("`{}` in {origin} {sid}: {message}", rule.code());
    let diagnostic = Diagnostic::new(Code::Guardrail, message).help(HELP);
    at_causes(diagnostic, causes.unwrap_or(&lowered.causes).iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lakewright_manifest::diagnostic::FileId;
    use lakewright_synth::Cause;
    use lakewright_template::read;
    use lakewright_template::yaml::Span;

    use super::*;

    #[test]
    fn what_breaks_a_guardrail_is_an_error_at_its_line() {
        let template = read::template(
            r#"{"Resources": {"Policy": {"Type": "AWS::IAM::RolePolicy", "Properties": {
                "PolicyName": "p", "RoleName": "r", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                    {"Sid": "Wide", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}]}}}}}"#,
        );
        let whole = Cause { file: 0, span: Span { start: 0, end: 9, line: 1, column: 1 } };
        let line = Cause { file: 1, span: Span { start: 20, end: 30, line: 3, column: 1 } };
        let lowered = Lowered {
            template: template.expect("a template"),
            records: Vec::new(),
            causes: BTreeSet::from([whole]).into(),
            provenance: BTreeMap::from([("Policy#Wide".to_owned(), BTreeSet::from([line]).into())]),
        };
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let report = check("111122223333/eu-west-1/s", &place, &lowered).expect_err("a pattern");
        let [diagnostic] = report.iter().collect::<Vec<_>>()[..] else {
            unreachable!("one finding: {report:?}")
        };
        assert_eq!(diagnostic.code, Code::Guardrail);
        assert!(diagnostic.message.contains("`wildcard-action`"), "{}", diagnostic.message);
        let origin = diagnostic.primary.as_ref().expect("a place").origin;
        assert_eq!((origin.file, origin.span), (FileId(1), line.span));
    }
}
