//! The requests: resources by the ids of the mesh, each with the ARN from the template of the stack that creates it, by
//! resource type.

use std::collections::BTreeSet;

use lakewright_access::lake::CELLS;
use lakewright_access::request::Context;
use lakewright_access::world::{Resource, World};
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{AccessPolicy, Dataset, Environment, Pipeline, ShareItem};
use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use lakewright_template::assembly::cells;

use super::principals::{Policies, Someone};
use super::{How, What, Who};

/// A table that no document declares.
pub(super) const UNHEARD_OF: &str = "unheard_of";

/// The source identity of the person for whom teams' roles are assumed.
pub(super) const SOMEBODY: &str = "somebody";

const OBJECT: [(How, &str); 3] =
    [(How::Read, "s3:GetObject"), (How::Write, "s3:PutObject"), (How::Delete, "s3:DeleteObject")];

/// "GetObjectAttributes" in the S3 API reference: the request has an action of the same name.
const ATTRIBUTES: (How, &str) = (How::Attributes, "s3:GetObjectAttributes");

/// A request that any principal could make.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) what: What,
    pub(super) how: How,
    pub(super) action: &'static str,
    pub(super) resource: String,
    /// The account that owns the resource.
    pub(super) account: String,
    pub(super) context: Context,
}

pub(super) fn all(
    mesh: &Mesh,
    stacks: &[Synthesized],
    world: &World,
    principals: &[Someone],
) -> Vec<Ask> {
    let mut things = Things { mesh, stacks, world, principals, asks: Vec::new() };
    for dataset in mesh.datasets.values() {
        things.dataset(dataset);
    }
    for environment in mesh.environments.values() {
        things.environment(environment);
    }
    for pipeline in mesh.pipelines.values() {
        things.pipeline(pipeline);
    }
    things.work();
    things.roles();
    things.asks
}

/// The rows and columns of a table that any share selects, whatever its status, and the rows that policies select.
pub(super) fn parts(mesh: &Mesh, dataset: &str, table: &str) -> BTreeSet<String> {
    let shares = mesh.shares.values().filter(|share| share.dataset.id().as_str() == dataset);
    let items = shares.flat_map(|share| &share.items);
    let of_shares = items.filter_map(|item| match item {
        ShareItem::Table(one) if one.name.as_str() == table => part(item),
        ShareItem::Table(_) | ShareItem::Folder(_) | ShareItem::Bucket => None,
    });
    let name = format!("table/{dataset}/{table}");
    let policies = mesh.access_policies.values();
    let about_it = policies.filter(|one| one.resources.ids.contains(&name));
    of_shares.chain(about_it.filter_map(|policy| rows(policy))).collect()
}

/// The rows of whole tables that a policy gives; `None` for all.
pub(super) fn rows(policy: &AccessPolicy) -> Option<String> {
    policy.rows.as_ref().map(|rows| cells(&[""; 0], Some(&rows.text)))
}

/// The rows and columns of an item; `None` if it is a whole table or no table.
pub(super) fn part(item: &ShareItem) -> Option<String> {
    let ShareItem::Table(table) = item else { return None };
    let is_part = !table.columns.is_empty() || table.rows.is_some();
    let columns: Vec<String> = table.columns.iter().map(ToString::to_string).collect();
    is_part.then(|| cells(&columns, table.rows.as_deref()))
}

/// The ARN of a dataset's database.
pub(super) fn database_arn(stacks: &[Synthesized], dataset: &Dataset) -> String {
    let environment = &dataset.environment;
    let import = dataset.import.as_ref();
    let account = import.and_then(|import| import.catalog_account.as_ref());
    let account = account.unwrap_or(&environment.account);
    let imported = import.and_then(|import| import.glue_database.as_ref());
    let name = imported.map_or_else(
        || {
            let path = ["DatabaseInput", "Name"];
            let id = dataset.header.id.as_str();
            text(stacks, (StackKind::Dataset, id), "AWS::Glue::Database", &path)
                .expect("a database")
        },
        ToString::to_string,
    );
    format!("arn:aws:glue:{}:{account}:database/{name}", environment.region)
}

/// A text property of the resource of a type that a stack creates.
fn text(
    stacks: &[Synthesized],
    (kind, id): (StackKind, &str),
    resource: &str,
    path: &[&str],
) -> Option<String> {
    let stack = stacks.iter().find(|one| one.entry.kind == kind && one.entry.id == id)?;
    let mut resources = stack.lowered.template.resources.values();
    let entry = resources.find(|one| one.kind == resource)?;
    let (first, rest) = path.split_first()?;
    let mut value = entry.properties.get(first)?;
    for key in rest {
        value = value.as_map()?.get(key)?;
    }
    value.as_text().map(str::to_owned)
}

struct Things<'a> {
    mesh: &'a Mesh,
    stacks: &'a [Synthesized],
    world: &'a World,
    principals: &'a [Someone],
    asks: Vec<Ask>,
}

impl<'a> Things<'a> {
    /// The resources of a type in the stacks of a kind for one document.
    fn made(&self, kind: StackKind, id: &str, resource: &str) -> Vec<&'a Resource> {
        let (stacks, world) = (self.stacks, self.world);
        let own = stacks.iter().filter(|one| one.entry.kind == kind && one.entry.id == id);
        let addresses: BTreeSet<String> = own.map(|one| one.entry.address().to_string()).collect();
        let all = world.resources().values().filter(|one| one.kind == resource);
        all.filter(|one| addresses.contains(&*one.origin.stack)).collect()
    }

    fn ask(
        &mut self,
        what: &What,
        how: How,
        action: &'static str,
        (resource, account): (&str, &str),
    ) {
        self.ask_with(what, how, action, (resource, account), Context::new());
    }

    fn ask_with(
        &mut self,
        what: &What,
        how: How,
        action: &'static str,
        (resource, account): (&str, &str),
        context: Context,
    ) {
        let (resource, account) = (resource.to_owned(), account.to_owned());
        self.asks.push(Ask { what: what.clone(), how, action, resource, account, context });
    }

    /// Adds requests for each of these resources.
    fn ask_each(&mut self, what: &What, made: &[&Resource], actions: &[(How, &'static str)]) {
        for resource in made {
            for &(how, action) in actions {
                self.ask(what, how, action, (&resource.arn, &resource.account));
            }
        }
    }

    fn dataset(&mut self, dataset: &Dataset) {
        let environment = &dataset.environment;
        let account = environment.account.as_str();
        let id = dataset.header.id.to_string();
        self.objects(dataset, account);
        let database = database_arn(self.stacks, dataset);
        let tables = database.replacen(":database/", ":table/", 1);
        let named = dataset.tables.keys().map(ToString::to_string);
        for table in named.chain([UNHEARD_OF.to_owned()]) {
            let arn = format!("{tables}/{table}");
            let whole = What::Table { dataset: id.clone(), table: table.clone(), cells: None };
            for (how, action) in [
                (How::Read, "lakeformation:SELECT"),
                (How::Write, "lakeformation:INSERT"),
                (How::Delete, "lakeformation:DELETE"),
            ] {
                self.ask(&whole, how, action, (&arn, account));
            }
            for part in parts(self.mesh, &id, &table) {
                let context = Context::new().with(CELLS, [&part]);
                let (dataset, table) = (id.clone(), table.clone());
                let what = What::Table { dataset, table, cells: Some(part) };
                let select = "lakeformation:SELECT";
                self.ask_with(&what, How::Read, select, (&arn, account), context);
            }
        }
        self.views(dataset, &tables);
        let queues = self.made(StackKind::Dataset, &id, "AWS::SQS::Queue");
        let actions = [(How::Read, "sqs:ReceiveMessage"), (How::Write, "sqs:SendMessage")];
        self.ask_each(&What::Events(id.clone()), &queues, &actions);
        for key in self.made(StackKind::Dataset, &id, "AWS::KMS::Key") {
            for is_through_s3 in [false, true] {
                let what = What::Key { dataset: id.clone(), is_through_s3 };
                let via = format!("s3.{}.amazonaws.com", environment.region);
                let direct = Context::new();
                let context =
                    if is_through_s3 { direct.with("kms:ViaService", [via]) } else { direct };
                for (how, action) in
                    [(How::Read, "kms:Decrypt"), (How::Write, "kms:GenerateDataKey")]
                {
                    self.ask_with(&what, how, action, (&key.arn, account), context.clone());
                }
            }
        }
    }

    /// Adds requests for the views of a dataset's stack. Their descriptions name the table and the team.
    fn views(&mut self, dataset: &Dataset, tables: &str) {
        let id = dataset.header.id.as_str();
        let stacks = self.stacks.iter();
        let mut own =
            stacks.filter(|one| one.entry.kind == StackKind::Dataset && one.entry.id == id);
        let Some(stack) = own.next() else { return };
        for entry in stack.lowered.template.resources.values() {
            let input = entry.properties.get("TableInput").and_then(|input| input.as_map());
            let Some(input) = input.filter(|input| input.get("ViewDefinition").is_some()) else {
                continue;
            };
            let text = |key: &str| input.get(key).and_then(|one| one.as_text()).expect("a text");
            let words: Vec<&str> = text("Description").split(' ').collect();
            let ["Table", table, "as", "team", team, "sees", "it"] = words[..] else {
                unreachable!("{words:?}")
            };
            let [dataset_id, table, team] = [id, table, team].map(str::to_owned);
            let what = What::View { dataset: dataset_id, table, team };
            let arn = format!("{tables}/{}", text("Name"));
            let account = dataset.environment.account.as_str();
            for (how, action) in [
                (How::Read, "lakeformation:SELECT"),
                (How::Write, "lakeformation:INSERT"),
                (How::Delete, "lakeformation:DELETE"),
            ] {
                self.ask(&what, how, action, (&arn, account));
            }
        }
    }

    /// Adds requests for objects inside each folder and outside of all, in the bucket and through each share's access
    /// point.
    fn objects(&mut self, dataset: &Dataset, account: &str) {
        let id = dataset.header.id.to_string();
        let bucket = match &dataset.import {
            Some(import) => format!("arn:aws:s3:::{}", import.bucket),
            None => self.made(StackKind::Dataset, &id, "AWS::S3::Bucket")[0].arn.clone(),
        };
        let mut ways = vec![(None, format!("{bucket}/"))];
        let shares =
            self.mesh.shares.values().filter(|share| *share.dataset.id() == dataset.header.id);
        for share in shares {
            let header = &share.header;
            for point in self.made(StackKind::Share, header.id.as_str(), "AWS::S3::AccessPoint") {
                ways.push((Some(header.id.to_string()), format!("{}/object/", point.arn)));
            }
        }
        let folders = dataset.folders.iter();
        let folders = folders.map(|(id, folder)| (Some(id.to_string()), folder.prefix.to_string()));
        for (folder, prefix) in folders.chain([(None, "in-no-folder/".to_owned())]) {
            for (through, start) in &ways {
                let (dataset, folder) = (id.clone(), folder.clone());
                let what = What::Object { dataset, folder, through: through.clone() };
                for (how, action) in OBJECT.into_iter().chain([ATTRIBUTES]) {
                    self.ask(&what, how, action, (&format!("{start}{prefix}object"), account));
                }
            }
        }
    }

    fn environment(&mut self, environment: &Environment) {
        let id = environment.header.id.to_string();
        let topics = self.made(StackKind::Environment, &id, "AWS::SNS::Topic");
        for topic in topics {
            let (region, account) = (&environment.region, &environment.account);
            let endpoint = format!("arn:aws:sqs:{region}:{account}:own");
            let context = Context::new().with("sns:Endpoint", [endpoint]);
            let what = What::Consumers(id.clone());
            let place = (topic.arn.as_str(), topic.account.as_str());
            self.ask_with(&what, How::Read, "sns:Subscribe", place, context);
            self.ask(&what, How::Write, "sns:Publish", place);
        }
        let queues = self.made(StackKind::Environment, &id, "AWS::SQS::Queue");
        let actions = [(How::Read, "sqs:ReceiveMessage"), (How::Write, "sqs:SendMessage")];
        self.ask_each(&What::Queue(id.clone()), &queues, &actions);
        for member in &environment.teams {
            self.team(environment, member.team.as_str());
        }
    }

    fn team(&mut self, environment: &Environment, team: &str) {
        let of_team = |what: fn(String, String) -> What| {
            what(environment.header.id.to_string(), team.to_owned())
        };
        let id = format!("{}/{team}", environment.header.id);
        let account = environment.account.as_str();
        let results = ["WorkGroupConfiguration", "ResultConfiguration", "OutputLocation"];
        let results = text(self.stacks, (StackKind::Team, &id), "AWS::Athena::WorkGroup", &results);
        if let Some(path) = results.as_deref().and_then(|results| results.strip_prefix("s3://")) {
            let object = format!("arn:aws:s3:::{path}object");
            for (how, action) in OBJECT {
                self.ask(&of_team(What::Results), how, action, (&object, account));
            }
        }
        let groups = self.made(StackKind::Team, &id, "AWS::Athena::WorkGroup");
        let actions =
            [(How::Read, "athena:GetQueryResults"), (How::Write, "athena:StartQueryExecution")];
        self.ask_each(&of_team(What::Workgroup), &groups, &actions);
        let topics = self.made(StackKind::Team, &id, "AWS::SNS::Topic");
        self.ask_each(&of_team(What::Producers), &topics, &[(How::Write, "sns:Publish")]);
        let sources = self.made(StackKind::Dashboards, &id, "AWS::QuickSight::DataSource");
        let describe = [(How::Read, "quicksight:DescribeDataSource")];
        self.ask_each(&of_team(What::DataSource), &sources, &describe);
        // The environment has one main bucket; its other buckets hold logs and results.
        let buckets =
            self.made(StackKind::Environment, environment.header.id.as_str(), "AWS::S3::Bucket");
        let bucket = buckets.iter().find(|one| one.origin.logical_id.starts_with("Bucket"));
        let who = of_team_role(environment, team);
        let mut principals = self.principals.iter();
        let role = principals.find(|one| one.who == who && one.policies == Policies::Ours);
        if let (Some(bucket), Some(role)) = (bucket, role) {
            let object = format!("{}/glue-assets/{}/object", bucket.arn, role.name());
            for (how, action) in OBJECT {
                self.ask(&of_team(What::Assets), how, action, (&object, account));
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        let id = pipeline.header.id.to_string();
        let runs = self.made(StackKind::Pipeline, &id, "AWS::CodePipeline::Pipeline");
        let actions = [
            (How::Read, "codepipeline:StartPipelineExecution"),
            (How::Write, "codepipeline:UpdatePipeline"),
        ];
        self.ask_each(&What::Pipeline(id.clone()), &runs, &actions);
        for run in &runs {
            for stage in &pipeline.stages {
                // docs/stacks/pipeline.md: every stage except the first has an approval.
                let begin = format!("Approve-{}/", stage.id());
                for part in run.parts.iter().filter(|part| part.starts_with(&begin)) {
                    let arn = format!("{}/{part}", run.arn);
                    let what = What::Approval(id.clone(), stage.id().to_owned());
                    let answer = "codepipeline:PutApprovalResult";
                    self.ask(&what, How::Write, answer, (&arn, &run.account));
                }
            }
        }
        let repositories = self.made(StackKind::Pipeline, &id, "AWS::CodeCommit::Repository");
        let actions = [(How::Read, "codecommit:GitPull"), (How::Write, "codecommit:GitPush")];
        self.ask_each(&What::Repository(id.clone()), &repositories, &actions);
        for bucket in self.made(StackKind::Pipeline, &id, "AWS::S3::Bucket") {
            let object = format!("{}/object", bucket.arn);
            for (how, action) in OBJECT {
                let what = What::Artifacts(id.clone());
                self.ask(&what, how, action, (&object, &bucket.account));
            }
        }
    }

    /// Adds requests for worksheets, notebooks, profiles and dashboards.
    fn work(&mut self) {
        let mesh = self.mesh;
        for worksheet in mesh.worksheets.values() {
            let team = format!("{}/{}", worksheet.environment, worksheet.team);
            let groups = self.made(StackKind::Team, &team, "AWS::Athena::WorkGroup");
            let what = What::Worksheet(worksheet.header.id.to_string());
            self.ask_each(&what, &groups, &[(How::Read, "athena:GetNamedQuery")]);
        }
        for id in mesh.notebooks.keys().map(ToString::to_string) {
            let made = self.made(StackKind::Notebook, &id, "AWS::SageMaker::NotebookInstance");
            let actions = [
                (How::Read, "sagemaker:CreatePresignedNotebookInstanceUrl"),
                (How::Write, "sagemaker:UpdateNotebookInstance"),
            ];
            self.ask_each(&What::Notebook(id), &made, &actions);
        }
        for id in mesh.studio_profiles.keys().map(ToString::to_string) {
            let made = self.made(StackKind::StudioProfile, &id, "AWS::SageMaker::UserProfile");
            let actions = [
                (How::Read, "sagemaker:CreatePresignedDomainUrl"),
                (How::Write, "sagemaker:DeleteUserProfile"),
            ];
            self.ask_each(&What::StudioProfile(id), &made, &actions);
        }
        for dashboard in mesh.dashboards.values() {
            let environment = &dashboard.environment;
            let (region, account) = (&environment.region, environment.account.as_str());
            let id = &dashboard.dashboard_id;
            let arn = format!("arn:aws:quicksight:{region}:{account}:dashboard/{id}");
            let what = What::Dashboard(dashboard.header.id.to_string());
            let place = (arn.as_str(), account);
            self.ask(&what, How::Read, "quicksight:DescribeDashboard", place);
            self.ask(&what, How::Write, "quicksight:UpdateDashboard", place);
        }
    }

    /// Adds requests to assume the roles of the mesh, with the external id. Without it, nobody may assume them.
    fn roles(&mut self) {
        let principals = self.principals;
        for someone in principals.iter().filter(|one| one.policies == Policies::Ours) {
            let is_pivot = matches!(someone.who, Who::PivotRole(_));
            let is_assumed = matches!(
                someone.who,
                Who::Team(..)
                    | Who::DatasetRole(_)
                    | Who::Definer(_)
                    | Who::StageRole(_, _, "approve")
            );
            if !is_pivot && !is_assumed {
                continue;
            }
            let id = &self.mesh.tenant.pivot_role.external_id;
            let plain = Context::new();
            let context = if is_pivot { plain.with("sts:ExternalId", [id]) } else { plain };
            let what = What::Role(Box::new(someone.who.clone()));
            let place = (someone.arn.as_str(), someone.account.as_str());
            self.ask_with(&what, How::Read, "sts:AssumeRole", place, context);
            if let Who::Team(_, team) = &someone.who {
                let what = What::RoleForSomebody(Box::new(someone.who.clone()));
                let context = Context::new()
                    .with("aws:RequestTag/lakewright:team", [team])
                    .with("aws:TagKeys", ["lakewright:team"])
                    .with("sts:SourceIdentity", [SOMEBODY]);
                self.ask_with(&what, How::Read, "sts:AssumeRole", place, context);
            }
        }
    }
}

fn of_team_role(environment: &Environment, team: &str) -> Who {
    Who::Team(environment.header.id.to_string(), team.to_owned())
}
