//! All resources of a mesh are in one AWS partition.
//!
//! A role, a key or a topic of one partition cannot be named in another. IAM rejects a policy that does:
//! `Partition "aws" is not valid for resource`. Source: IAM user guide, "Identify AWS resources with ARNs"; runs-on
//! issue #518 for the messages.

use std::fmt::Display;

use lakewright_template::arn::ArnParts;
use lakewright_template::partition::Partition;

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::EnvironmentDocument;
use crate::field::Field;
use crate::name::RegionName;
use crate::parse::{Documents, Located};

/// A region or an ARN of a mesh, and its partition.
struct Named {
    what: &'static str,
    name: String,
    partition: String,
    origin: Origin,
}

impl Context {
    /// Every region and every ARN of the documents must be in the home region's partition.
    pub(super) fn all_in_one_partition(&mut self, documents: &Documents) {
        let regions = regions(documents);
        // A missing home region is an error already. The first environment's region is used instead.
        let Some((home, home_origin)) =
            regions.first().map(|first| (first.partition.clone(), first.origin))
        else {
            return;
        };
        for named in regions.into_iter().chain(arns(documents)) {
            let Named { what, name, partition, origin } = named;
            if partition == home {
                continue;
            }
            let message = format!(
                "{what} `{name}` is of the partition `{partition}`, and the mesh of `{home}`"
            );
            let diagnostic = Diagnostic::new(Code::OtherPartition, message)
                .at(origin, format!("in `{partition}`"))
                .and(home_origin, format!("a region of `{home}`"))
                .help(format!(
                    "nothing of one partition can be named in another: name something of `{home}`, or make a mesh for each partition"
                ));
            self.report.push(diagnostic);
        }
    }
}

/// The regions of the documents, the home region first.
fn regions(documents: &Documents) -> Vec<Named> {
    let homes = documents
        .tenants
        .iter()
        .filter_map(|Located { document, origin }| region(origin.file, &document.home_region));
    let of_people = documents.tenants.iter().filter_map(|Located { document, origin }| {
        let identity_center = document.access.value()?.identity_center.value()?;
        region(origin.file, &identity_center.region)
    });
    let of_environments = documents.environments.iter().flat_map(|located| {
        let Located { document, origin } = located;
        let file = origin.file;
        let context = document.context.value();
        let quicksight = context.and_then(|context| context.quicksight.value());
        let identity = quicksight.map(|quicksight| &quicksight.identity_region);
        [Some(&document.region), identity]
            .into_iter()
            .flatten()
            .filter_map(move |field| region(file, field))
    });
    homes.chain(of_people).chain(of_environments).collect()
}

/// The ARNs of the documents.
fn arns(documents: &Documents) -> Vec<Named> {
    let mut all = Vec::new();
    for Located { document, origin } in &documents.tenants {
        let file = origin.file;
        let pivot = document.pivot_role.value().map(|role| &role.trusted_roles);
        let deployers = document.deployment.value().map(|deployment| &deployment.trusted_roles);
        let roles = pivot.into_iter().chain(deployers).filter_map(Field::value).flatten();
        all.extend(roles.filter_map(|field| arn(file, "the role", field)));
        all.extend(arn(file, "the boundary", &document.permissions_boundary));
        let broker = document.access.value().and_then(|access| access.broker.value());
        all.extend(broker.and_then(|broker| arn(file, "the role", &broker.role_arn)));
        let governance = document.governance.value();
        let callers = governance.and_then(|given| given.callers.value()).into_iter().flatten();
        all.extend(callers.filter_map(|field| arn(file, "the role", field)));
        let provider = governance.and_then(|given| given.identity_provider.value());
        let pool = provider.and_then(|given| given.cognito.value());
        all.extend(pool.and_then(|pool| arn(file, "the user pool", &pool.user_pool_arn)));
    }
    for located in &documents.environments {
        all.extend(of_environment(located));
    }
    for Located { document, origin } in &documents.consumption_roles {
        all.extend(arn(origin.file, "the role", &document.role_arn));
    }
    for Located { document, origin } in &documents.pipelines {
        let source = document.source.value();
        let connection = source.map(|source| &source.connection_arn);
        all.extend(connection.and_then(|field| arn(origin.file, "the connection", field)));
    }
    all
}

fn of_environment(located: &Located<EnvironmentDocument>) -> Vec<Named> {
    let Located { document, origin } = located;
    let file = origin.file;
    let teams = document.teams.value().into_iter().flatten().filter_map(Field::value);
    let roles = std::iter::once(&document.iam_role_arn).chain(teams.map(|team| &team.iam_role_arn));
    let topic = document.subscriptions.value().map(|subscriptions| &subscriptions.producers_topic);
    let alarms = document.deployment.value().into_iter();
    let alarms = alarms.flat_map(|one| [&one.rollback_alarms, &one.wave_alarms]);
    let alarms = alarms.filter_map(Field::value).flatten();
    roles
        .filter_map(|field| arn(file, "the role", field))
        .chain(arn(file, "the boundary", &document.permissions_boundary))
        .chain(topic.and_then(|field| arn(file, "the topic", field)))
        .chain(alarms.filter_map(|field| arn(file, "the alarm", field)))
        .collect()
}

fn region(file: FileId, field: &Field<RegionName>) -> Option<Named> {
    let name = field.value()?.to_string();
    let partition = Partition::of_region(&name).name.to_owned();
    Some(Named { what: "the region", name, partition, origin: at(file, field) })
}

fn arn<T: Display>(file: FileId, what: &'static str, field: &Field<T>) -> Option<Named> {
    let name = field.value()?.to_string();
    let partition = ArnParts::parse(&name).map_or("", |arn| arn.partition).to_owned();
    Some(Named { what, name, partition, origin: at(file, field) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceFile;
    use crate::parse::parse;

    /// A mesh with an ARN in each field for ARNs, all of one partition.
    const MESH: &str = r#"
kind: Tenant
id: t
central_account: "111111111111"
home_region: cn-north-1
pivot_role: {external_id: abc, trusted_roles: ["arn:aws-cn:iam::111111111111:role/pivot"]}
deployment: {trusted_roles: ["arn:aws-cn:iam::111111111111:role/deployer"]}
permissions_boundary: arn:aws-cn:iam::111111111111:policy/all
access:
  identity_center: {region: cn-north-1}
  broker: {role_arn: "arn:aws-cn:iam::111111111111:role/people"}
governance:
  callers: ["arn:aws-cn:iam::111111111111:role/portal"]
  identity_provider:
    cognito: {user_pool_arn: "arn:aws-cn:cognito-idp:cn-north-1:111111111111:userpool/cn-north-1_abc"}
---
kind: Environment
id: e
account: "222222222222"
region: cn-northwest-1
team: A
permissions_boundary: arn:aws-cn:iam::222222222222:policy/own
iam_role_arn: arn:aws-cn:iam::222222222222:role/own
teams: [{team: B, iam_role_arn: "arn:aws-cn:iam::222222222222:role/team"}]
subscriptions: {producers_topic: "arn:aws-cn:sns:cn-northwest-1:222222222222:topic"}
context: {quicksight: {subscribed: true, identity_region: cn-north-1}}
deployment:
  rollback_alarms: ["arn:aws-cn:cloudwatch:cn-northwest-1:222222222222:alarm:errors"]
  wave_alarms: ["arn:aws-cn:cloudwatch:cn-northwest-1:222222222222:alarm:jobs"]
---
kind: ConsumptionRole
id: c
environment: e
team: A
role_arn: arn:aws-cn:iam::222222222222:role/consumer
---
kind: Pipeline
id: p
environment: e
team: A
strategy: trunk
stages: []
source: {repository: o/n, connection_arn: "arn:aws-cn:codeconnections:cn-north-1:222222222222:connection/01234567-89ab-cdef-0123-456789abcdef"}
"#;

    /// The findings about other partitions.
    fn found(text: &str) -> Vec<Diagnostic> {
        let source = SourceFile { path: "mesh.yaml".to_owned(), text: text.to_owned() };
        let parsed = parse(FileId(0), &source);
        assert!(parsed.report.is_empty(), "{:?}", parsed.report);
        let mut context = Context {
            report: crate::Report::new(),
            ids: std::collections::BTreeMap::new(),
            teams: None,
            lost: crate::parse::Lost::default(),
        };
        context.all_in_one_partition(&parsed.documents);
        context.report.iter().cloned().collect()
    }

    #[test]
    fn every_arn_and_region_of_another_partition_is_found_at_its_line() {
        assert_eq!(found(MESH), []);
        let (mut arns, mut regions) = (0, 0);
        for (place, line) in (1_u32..).zip(MESH.lines()) {
            let other = if line.contains("arn:aws-cn:") {
                arns += 1;
                line.replace("arn:aws-cn:", "arn:aws-us-gov:")
            } else if line.contains("region: cn-") && !line.starts_with("home_region") {
                regions += 1;
                line.replace("cn-north-1", "us-gov-west-1")
                    .replace("cn-northwest-1", "us-gov-west-1")
            } else {
                continue;
            };
            let diagnostics = found(&MESH.replace(line, &other));
            let at: Vec<_> = diagnostics
                .iter()
                .map(|one| (one.code, one.primary.as_ref().map(|label| label.origin.span.line)))
                .collect();
            assert_eq!(at, [(Code::OtherPartition, Some(place))], "{other}");
            assert!(diagnostics[0].message.contains("`aws-us-gov`"), "{diagnostics:?}");
        }
        assert_eq!((arns, regions), (14, 3));
    }

    #[test]
    fn no_field_that_takes_an_arn_is_forgotten() {
        let schema = crate::schema::json_schema();
        let definitions = schema["definitions"].as_object().expect("definitions");
        let fields: Vec<String> = definitions
            .iter()
            .filter_map(|(kind, definition)| Some((kind, definition["properties"].as_object()?)))
            .flat_map(|(kind, fields)| fields.iter().map(move |(name, field)| (kind, name, field)))
            .filter(|(_, _, field)| field.to_string().contains("\"^arn:"))
            .map(|(kind, name, _)| format!("{kind}.{name}"))
            .collect();
        let fields: std::collections::BTreeSet<&str> = fields.iter().map(String::as_str).collect();
        // One for each ARN of the mesh above.
        let known = [
            "broker.role_arn",
            "cognito.user_pool_arn",
            "consumption-role.role_arn",
            "deployment.trusted_roles",
            "environment.iam_role_arn",
            "environment.permissions_boundary",
            "environment-deployment.rollback_alarms",
            "environment-deployment.wave_alarms",
            "environment-team.iam_role_arn",
            "governance.callers",
            "pipeline-source.connection_arn",
            "pivot-role.trusted_roles",
            "subscriptions.producers_topic",
            "tenant.permissions_boundary",
        ];
        assert_eq!(fields, std::collections::BTreeSet::from(known));
    }
}
