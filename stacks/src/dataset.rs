//! The `dataset` stack: a bucket, a key and a database, the jobs that fill them, and who has access.

mod catalog;
mod views;

use std::collections::BTreeMap;

use lakewright_constructs::bucket::{
    Bucket, BucketHandle, BucketTraffic, Encryption, ImportedBucket, Lifecycle, bucket_arn,
};
use lakewright_constructs::cfn::s3;
use lakewright_constructs::folder::Folder;
use lakewright_constructs::key::{ImportedKey, Key, KeyHandle};
use lakewright_constructs::messaging::{Queue, QueueHandle};
use lakewright_constructs::role::{ImportedRole, Policies, Receives as _, Role, RoleHandle, Trust};
use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{Dataset, Environment, Level, Standing};
use lakewright_policies::actions::CATALOG_READ;
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Cause, Grant, Grants, PolicySlot, Scope, Target};
use lakewright_template::place::Place;
use lakewright_template::{AccountId, Arn, Expr};

use crate::Names;
use crate::asset::Asset;
use crate::diagnose::cause;
use crate::share::{self, LiveShare};

/// How whole tables are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TablesBy {
    /// A permission for each role and table.
    Name,
    /// A tag for each table, and a permission for each role: fewer resources if there are many.
    Tag,
}

/// Who reaches a dataset beside its own role.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Reached<'m> {
    /// The shares, and what policies give.
    pub(crate) shares: Vec<LiveShare<'m>>,
    /// The access of the owner and of stewards, where policies make it another than the usual one.
    pub(crate) standings: Option<&'m BTreeMap<TeamName, Standing>>,
}

/// The owner, or a team of stewards, with its access in the dataset's environment.
pub(crate) struct Member<'a> {
    pub(crate) objects: Level,
    pub(crate) tables: Level,
    standing: Option<&'a Standing>,
}

impl<'a> Member<'a> {
    /// The access of the owner, or of a team of stewards.
    pub(crate) fn of(dataset: &Dataset, team: &TeamName, standing: Option<&'a Standing>) -> Self {
        let usual = if dataset.team == *team { Level::Own } else { Level::Read };
        let (objects, tables) = standing.map_or((usual, usual), |one| (one.objects, one.tables));
        Self { objects, tables, standing }
    }

    /// The manifest lines that make the access another than the usual one.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let origins = self.standing.into_iter().flat_map(|standing| &standing.origins);
        origins.map(|origin| cause(*origin)).collect()
    }

    /// Whether the team creates tables. Whoever creates a table has all permissions on it, so nobody does who may not
    /// write both objects and tables.
    pub(crate) fn makes_tables(&self) -> bool {
        self.tables == Level::Own && self.objects >= Level::Write
    }
}

/// The inputs of this stack's modules.
pub(crate) struct Context<'m> {
    names: Names<'m>,
    environment: &'m Environment,
    dataset: &'m Dataset,
    tables_by: TablesBy,
    reached: &'m Reached<'m>,
    place: Place,
    target: String,
}

/// A dataset's bucket, created or imported, with the key that the dataset's stack creates.
pub(crate) struct Data {
    arn: Expr<Arn<s3::Bucket>>,
    uri: String,
    key: KeyHandle,
    /// The encryption of what Glue writes to S3.
    written: Encryption,
    policy: Option<PolicySlot>,
    /// The queue of the bucket's events, if the crawler uses events.
    events: Option<QueueHandle>,
}

pub(crate) fn build(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    dataset: &Dataset,
    reached: &Reached<'_>,
    tables_by: TablesBy,
) -> Vec<Asset> {
    let environment = &*dataset.environment;
    let context = Context {
        names,
        environment,
        dataset,
        tables_by,
        reached,
        place: Names::place(environment),
        target: format!("dataset/{}", dataset.header.id),
    };
    let role = scope.add("Role", context.role());
    let data = match &dataset.import {
        None => context.made_bucket(scope, &role),
        Some(_) => context.imported_bucket(scope, &role),
    };
    context.work_grants(scope, &role);
    catalog::build(scope, &context, &role, &data)
}

impl Context<'_> {
    fn role(&self) -> Role {
        let Self { names, environment, dataset, .. } = self;
        Role {
            name: names.dataset_role(environment, dataset),
            description: format!("Reads and writes dataset {}", dataset.header.id),
            grantee: format!("dataset-role/{}", dataset.header.id),
            trust: vec![
                Trust::Role {
                    arn: names.pivot_role_arn(environment),
                    name: format!("pivot-role/{}", environment.header.id),
                    actions: &["sts:AssumeRole"],
                },
                Trust::Service(Service::GLUE),
                Trust::Service(Service::LAKE_FORMATION),
            ],
            policies: Policies::Inline("dataset".to_owned()),
            boundary: Some(Names::boundary_arn(environment)),
            tags: Vec::new(),
        }
    }

    /// The name of the resource link to a database in another account's catalog.
    fn link_name(&self) -> String {
        self.names.dataset_part(self.environment, self.dataset, "link").replace('-', "_")
    }

    /// The databases that the dataset's role uses: account and name.
    fn databases(&self) -> Vec<(AccountId, String)> {
        let own = self.place.account.clone();
        let name = self.names.dataset_database(self.environment, self.dataset);
        let import = self.dataset.import.as_ref();
        match import.and_then(|import| import.catalog_account.as_ref()) {
            None => vec![(own, name)],
            Some(account) => vec![(account.clone(), name), (own, self.link_name())],
        }
    }

    /// The role of a team in the dataset's environment.
    fn team_role(&self, team: &TeamName) -> Option<ImportedRole> {
        let member = self.environment.team_named(team)?;
        Some(self.names.team_role(self.environment, member))
    }

    /// The owner, then the stewards, with their roles in the dataset's environment. Stewards of other environments have
    /// no role here: they approve, and do not read.
    fn members(&self) -> impl Iterator<Item = (Member<'_>, ImportedRole)> {
        let teams = std::iter::once(&self.dataset.team).chain(&self.dataset.stewards);
        teams.filter_map(|team| {
            let standing = self.reached.standings.and_then(|all| all.get(team));
            Some((Member::of(self.dataset, team, standing), self.team_role(team)?))
        })
    }

    fn made_bucket(&self, scope: &mut Scope<'_>, role: &RoleHandle) -> Data {
        let Self { names, environment, dataset, .. } = self;
        let key = scope.add("Key", self.key());
        let events = dataset.crawler.event_mode.then(|| self.events(scope, &key, role));
        let bucket: BucketHandle = scope.add(
            "Bucket",
            Bucket {
                name: names.dataset_bucket(environment, dataset),
                encryption: Encryption::Kms(key.clone()),
                access_logs: Some(Expr::known_name(names.log_bucket(environment))),
                lifecycle: vec![Lifecycle::Data],
                statements: Vec::new(),
                target: self.target.clone(),
                retain: dataset.retain_on_delete,
                access_points: Some(names.access_points(environment)),
                events: events.clone(),
            },
        );
        scope.grant(bucket.grant_read_write(role));
        for (member, role) in self.members() {
            let mut scope = scope.because_all(member.causes());
            match member.objects {
                Level::None => {}
                Level::Read => scope.grant(bucket.grant_read(&role)),
                Level::Write | Level::Own => scope.grant(bucket.grant_read_write(&role)),
            }
        }
        // This stack alone writes the policies of its bucket and key, so it grants what shares add to them (ADR 8).
        for live in &self.reached.shares {
            let grants = share::producer_grants(*names, live, &bucket, &key);
            scope.because_all(live.causes()).grant(grants);
        }
        let uri = bucket.uri("");
        let written = Encryption::Kms(key.clone());
        Data { arn: bucket.arn(), uri, policy: bucket.policy(), key, written, events }
    }

    /// The queue of the bucket's events. Events contain object names, so they are encrypted like the objects.
    fn events(&self, scope: &mut Scope<'_>, key: &KeyHandle, role: &RoleHandle) -> QueueHandle {
        let Self { names, environment, dataset, place, target, .. } = self;
        let bucket = names.dataset_bucket(environment, dataset);
        let queue = Queue {
            name: names.dataset_part(environment, dataset, "events"),
            key: key.id(),
            dead_letters: None,
            failures_of: Vec::new(),
            topics: Vec::new(),
            events_of: Some(bucket_arn(place, &bucket)),
            target: target.clone(),
        };
        let queue = scope.add("Events", queue);
        scope.grant(queue.grant_crawl(role.grantee()));
        queue
    }

    /// Teams reach an imported bucket through their own stacks; see `team`.
    ///
    /// The crawler and the profiling job do not write into it. Logs and bookmarks have their own key: Lakewright does
    /// not manage the policy of an imported key, which admits no Glue logs, and the key's ARN, which CloudWatch Logs
    /// requires, cannot be derived from its alias. Profiles are stored in the environment's bucket, with that bucket's
    /// encryption.
    fn imported_bucket(&self, scope: &mut Scope<'_>, role: &RoleHandle) -> Data {
        let import = self.dataset.import.as_ref();
        let alias = import.and_then(|import| import.kms_key_alias.as_ref());
        let key = alias.map(|alias| ImportedKey::new(&self.place, alias.as_str(), &self.target));
        let name = self.names.dataset_bucket(self.environment, self.dataset);
        let bucket = ImportedBucket::new(&self.place, &name, key.as_ref(), &self.target);
        scope.grant(bucket.grant_read_write(role));
        let key = scope.add("Key", self.key());
        scope.grant(key.grant_use(role));
        Data {
            arn: bucket.arn(),
            uri: bucket.uri(""),
            policy: None,
            key,
            written: Encryption::S3Managed,
            events: None,
        }
    }

    fn key(&self) -> Key {
        let Self { names, environment, dataset, place, .. } = self;
        let logs = Statement::allow("LogsEncrypt", LOG_KEY_USE, ["*"])
            .for_principals([Principal::Service(logs_principal(place).into())])
            .when(Conditions::none().with(Condition::new(
                Comparison::ArnLike,
                "kms:EncryptionContext:aws:logs:arn",
                glue_logs(place),
            )));
        let events = dataset.crawler.event_mode.then(|| {
            let bucket = bucket_arn(place, &names.dataset_bucket(environment, dataset));
            events_encrypt(&place.account, bucket)
        });
        Key {
            description: format!("Dataset {}", dataset.header.id),
            alias: names.dataset_alias(environment, dataset),
            target: self.target.clone(),
            statements: std::iter::once(logs).chain(events).collect(),
            retain: dataset.retain_on_delete,
        }
    }

    /// What the crawler and the profiling job need besides data: the catalog, logs, and the environment's bucket for
    /// code and results.
    fn work_grants(&self, scope: &mut Scope<'_>, role: &RoleHandle) {
        let Self { names, environment, dataset, place, target, .. } = self;
        let bucket_name = names.environment_bucket(environment);
        let environment_target = format!("environment/{}", environment.header.id);
        let bucket = ImportedBucket::new(place, &bucket_name, None, &environment_target);
        let results = format!("profiling/results/{}", names.dataset_uri(environment, dataset));
        scope.grant(bucket.grant_read_under(&Folder::at("profiling/code"), role));
        scope.grant(bucket.grant_read_write_under(&Folder::at(&results), role));
        let grant =
            |sid: &str, actions: &[&'static str], resources: Vec<String>, conditions| Grant {
                sid: sid.to_owned(),
                grantee: role.grantee().clone(),
                access: "work",
                target: Target {
                    name: target.clone(),
                    account: place.account.clone(),
                    policy: None,
                },
                actions: actions.to_vec(),
                resources: resources.iter().cloned().map(Into::into).collect(),
                own_resources: Vec::new(),
                known_resources: resources,
                conditions,
            };
        let none = Conditions::none;
        let metrics = Condition::new(Comparison::StringEquals, "cloudwatch:namespace", "Glue");
        let role_name = names.dataset_role(environment, dataset);
        let catalog = |parts: &dyn Fn(&str) -> Vec<String>| -> Vec<String> {
            let of = |(account, database): &(AccountId, String)| {
                let glue = place.start_in("glue", account);
                parts(database)
                    .into_iter()
                    .map(move |part| format!("{glue}{part}"))
                    .collect::<Vec<_>>()
            };
            self.databases().iter().flat_map(of).collect()
        };
        let tables = catalog(&|database| {
            vec![
                "catalog".to_owned(),
                format!("database/{database}"),
                format!("table/{database}/*"),
            ]
        });
        let own_logs = vec![
            place.arn("logs", &format!("log-group:/aws-glue/crawlers-role/{role_name}*")),
            place.arn("logs", &format!("log-group:/aws-glue/jobs/{role_name}*")),
            place.arn("logs", &format!("log-group:/aws-glue/jobs/logs-v2-{role_name}*")),
        ];
        let without_resource = ["glue:GetSecurityConfiguration", "lakeformation:GetDataAccess"];
        let any = || vec!["*".to_owned()];
        scope.grant(Grants(vec![
            grant("CatalogRead", &CATALOG_READ, tables.clone(), none()),
            grant("CatalogWrite", &CATALOG_WRITE, tables, none()),
            grant("WithoutResource", &without_resource, any(), none()),
            grant("Metrics", &["cloudwatch:PutMetricData"], any(), none().with(metrics)),
            grant("Logs", &LOG_WRITE, own_logs, none()),
        ]));
    }
}

/// The key actions of CloudWatch Logs, with the patterns of its own operations.
///
/// Source: "Encrypt log data in CloudWatch Logs using AWS KMS".
const LOG_KEY_USE: [&str; 5] =
    ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

/// The key actions of S3 for the queue that receives its events.
///
/// Source: "Granting permissions to publish event notification messages to a destination" in the S3 user guide, the key
/// policy. That page mentions no source keys, so the source is limited to the bucket only if it is sent. The queue's
/// own policy limits the senders.
fn events_encrypt(account: &str, bucket: String) -> Statement {
    let if_sent = |comparison, key: &'static str, value: String| Condition {
        operator: Operator::new(comparison).if_exists(),
        ..Condition::new(comparison, key, value)
    };
    Statement::allow("EventsEncrypt", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"])
        .for_principals([Principal::Service(Service::S3_EVENTS.principal.into())])
        .when(
            Conditions::none()
                .with(if_sent(Comparison::StringEquals, "aws:SourceAccount", account.to_owned()))
                .with(if_sent(Comparison::ArnEquals, "aws:SourceArn", bucket)),
        )
}

const CATALOG_WRITE: [&str; 11] = [
    "glue:BatchCreatePartition",
    "glue:BatchDeletePartition",
    "glue:BatchDeleteTable",
    "glue:BatchUpdatePartition",
    "glue:CreatePartition",
    "glue:CreateTable",
    "glue:DeletePartition",
    "glue:DeleteTable",
    "glue:UpdateDatabase",
    "glue:UpdatePartition",
    "glue:UpdateTable",
];

/// Beside what others need to write logs: Glue encrypts the groups of its own crawlers and jobs.
const LOG_WRITE: [&str; 4] =
    ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

/// CloudWatch Logs is one of the few services whose principal contains the region and the partition's suffix.
///
/// Source: "Encrypt log data in CloudWatch Logs using AWS KMS"; `servicePrincipal` in `region-info/lib/default.ts` of
/// the AWS CDK, by which no other service that the mesh names (`Service`) differs between partitions.
fn logs_principal(place: &Place) -> String {
    format!("logs.{}.{}", place.region, place.url_suffix())
}

fn glue_logs(place: &Place) -> String {
    place.arn("logs", "log-group:/aws-glue/*")
}

#[cfg(test)]
mod tests;
