//! The alarms that are watched while an environment's stacks change.

use lakewright_template::arn::ArnParts;

use super::{Context, at, distinct};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::EnvironmentDocument;
use crate::field::Field;
use crate::mesh::Alarms;
use crate::name::AlarmArn;

/// The most alarms for which CloudFormation rolls back one stack, and the longest time that it watches them.
///
/// Source: "RollbackConfiguration" in the CloudFormation API reference; the model of botocore 1.44.8.
const ROLLBACK_ALARMS: usize = 5;
const MONITORING_MINUTES: u32 = 180;

impl Context {
    /// The alarms of an environment. Each has to be in its account and region, as its roles may look at no others, and
    /// CloudFormation takes no alarm of another region.
    pub(super) fn alarms(&mut self, document: &EnvironmentDocument, file: FileId) -> Alarms {
        let Some(deployment) = document.deployment.value() else { return Alarms::default() };
        for list in [&deployment.rollback_alarms, &deployment.wave_alarms] {
            self.alarms_are_here(document, list, file);
        }
        let rollback = distinct(&deployment.rollback_alarms);
        let minutes = &deployment.monitoring_minutes;
        if rollback.len() > ROLLBACK_ALARMS {
            let message = format!(
                "CloudFormation watches {ROLLBACK_ALARMS} alarms at most, got {}",
                rollback.len()
            );
            let help = "keep the most important ones; `wave_alarms` has no such limit";
            self.wrong_alarms(
                Code::InvalidValue,
                message,
                at(file, &deployment.rollback_alarms),
                help,
            );
        }
        if minutes.value().is_some_and(|number| *number > MONITORING_MINUTES) {
            let message = format!(
                "CloudFormation watches alarms for 0 to {MONITORING_MINUTES} minutes, got {}",
                minutes.value().copied().unwrap_or_default()
            );
            self.wrong_alarms(Code::InvalidValue, message, at(file, minutes), "");
        }
        let is_pointless = rollback.is_empty() && !deployment.rollback_alarms.is_invalid();
        if minutes.value().is_some_and(|number| *number > 0) && is_pointless {
            let message = "`monitoring_minutes` without `rollback_alarms`".to_owned();
            let help = "each change of a stack would wait so long, and nothing would be watched; name the alarms, or \
                        remove `monitoring_minutes`";
            self.wrong_alarms(Code::FieldConflict, message, at(file, minutes), help);
        }
        Alarms {
            rollback: (!deployment.rollback_alarms.is_absent()).then_some(rollback),
            monitoring_minutes: minutes.value().copied().unwrap_or_default(),
            waves: distinct(&deployment.wave_alarms),
        }
    }

    /// Each alarm is in the environment's account and region.
    fn alarms_are_here(
        &mut self,
        document: &EnvironmentDocument,
        list: &Field<Vec<Field<AlarmArn>>>,
        file: FileId,
    ) {
        let (Some(account), Some(region)) = (document.account.value(), document.region.value())
        else {
            return;
        };
        let is_here = |alarm: &AlarmArn| {
            ArnParts::parse(alarm.as_str())
                .is_some_and(|arn| arn.account == account.as_str() && arn.region == region.as_str())
        };
        for field in list.value().into_iter().flatten() {
            if field.value().is_some_and(|alarm| !is_here(alarm)) {
                let message = format!("this alarm is not in account {account} and region {region}");
                let help = "CloudFormation and the deploy role look at alarms of the environment's own account and region";
                self.wrong_alarms(Code::InvalidValue, message, at(file, field), help);
            }
        }
    }

    fn wrong_alarms(&mut self, code: Code, message: String, origin: Origin, help: &str) {
        let diagnostic = Diagnostic::new(code, message).at(origin, "");
        let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
        self.report.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::resolved;

    /// The environment with these lines for `deployment`, and the findings as code and message.
    fn found(deployment: &str) -> (Option<Alarms>, Vec<(Code, String)>) {
        let text = format!(
            "kind: Tenant\nid: t\ncentral_account: \"111111111111\"\nhome_region: eu-west-1\n\
             pivot_role: {{external_id: abc, trusted_roles: [\"arn:aws:iam::111111111111:role/pivot\"]}}\n---\n\
             kind: Organization\nid: o\nteam: A\n---\n\
             kind: Environment\nid: e\norganization: o\naccount: \"222222222222\"\nregion: eu-west-1\nteam: A\n\
             deployment: {deployment}\n"
        );
        let (mesh, report) = resolved(text);
        let found = report.iter().map(|one| (one.code, one.message.clone())).collect();
        let alarms = mesh.and_then(|mesh| Some(mesh.environments.values().next()?.alarms.clone()));
        (alarms, found)
    }

    fn alarm(name: &str) -> String {
        format!("\"arn:aws:cloudwatch:eu-west-1:222222222222:alarm:{name}\"")
    }

    /// The limits are those of `RollbackConfiguration` in the CloudFormation API reference: 5 triggers, 0 to 180 minutes.
    #[test]
    fn the_limits_of_cloudformation_are_those_of_the_mesh() {
        let list = |count: usize| {
            let names: Vec<String> =
                (0..count).map(|number| alarm(&format!("a{number}"))).collect();
            names.join(", ")
        };
        let (alarms, findings) =
            found(&format!("{{rollback_alarms: [{}], monitoring_minutes: 180}}", list(5)));
        let alarms = alarms.expect("alarms");
        assert_eq!((findings.len(), alarms.monitoring_minutes), (0, 180), "{findings:?}");
        assert_eq!(alarms.rollback.map(|list| list.len()), Some(5));
        for wrong in [
            format!("{{rollback_alarms: [{}]}}", list(6)),
            format!("{{rollback_alarms: [{}], monitoring_minutes: 181}}", list(1)),
        ] {
            let (_, findings) = found(&wrong);
            assert!(matches!(&findings[..], [(Code::InvalidValue, _)]), "{wrong}: {findings:?}");
        }
        let (_, findings) = found("{monitoring_minutes: 5}");
        assert!(matches!(&findings[..], [(Code::FieldConflict, _)]), "{findings:?}");
    }

    #[test]
    fn alarms_of_another_account_or_region_are_refused_at_their_line() {
        for other in [
            "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:a",
            "arn:aws:cloudwatch:us-east-1:222222222222:alarm:a",
        ] {
            for list in ["rollback_alarms", "wave_alarms"] {
                let (_, findings) = found(&format!("{{{list}: [\"{other}\"]}}"));
                assert!(matches!(&findings[..], [(Code::InvalidValue, _)]), "{findings:?}");
            }
        }
    }

    /// No list means that stacks keep their alarms, and an empty one that they lose them.
    #[test]
    fn an_empty_list_is_not_the_same_as_none() {
        let rollback = |text: &str| found(text).0.expect("alarms").rollback;
        assert_eq!(rollback(&format!("{{wave_alarms: [{}]}}", alarm("jobs"))), None);
        assert_eq!(rollback("{rollback_alarms: []}"), Some(Vec::new()));
    }
}
