//! The intended access of each kind of document, in the words of docs/mesh.md and docs/stacks. All other access must be
//! denied.

use std::collections::BTreeSet;

use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::{
    Access, AccessPolicy, Dataset, Effect, Environment, EnvironmentPermission, EnvironmentTeam,
    Pipeline, PolicyState, Share, ShareItem, SharePermission, ShareStatus, Stage, Strategy,
};
use lakewright_manifest::{Date, Mesh, TeamName};

use super::asked::{SOMEBODY, UNHEARD_OF, part, parts, rows};
use super::{How, What, Who};

const ALL: [How; 3] = [How::Read, How::Write, How::Delete];
const USE: [How; 2] = [How::Read, How::Write];
const READ: [How; 1] = [How::Read];
const WRITE: [How; 1] = [How::Write];
const ATTRIBUTES: [How; 1] = [How::Attributes];

/// The complete intended access.
#[derive(Debug, Default)]
pub(super) struct Intent(BTreeSet<(Who, What, How)>);

impl Intent {
    fn give(&mut self, who: &Who, what: &What, hows: &[How]) {
        self.0.extend(hows.iter().map(|how| (who.clone(), what.clone(), *how)));
    }

    /// Takes what has been given before.
    fn take(&mut self, is_taken: impl Fn(&Who, &What) -> bool) {
        self.0.retain(|(who, what, _)| !is_taken(who, what));
    }

    pub(super) fn gives(&self, who: &Who, what: &What, how: How) -> bool {
        self.0.contains(&(who.clone(), what.clone(), how))
    }
}

/// The intended access of a kind of document.
pub(super) enum Stated {
    Gives(fn(&Mesh, &Date, &mut Intent)),
    /// Documents of this kind grant nothing by themselves, for this reason.
    Nothing(&'static str),
}

/// The statement for each kind. A new kind needs one as well.
pub(super) fn stated(kind: Kind) -> Stated {
    match kind {
        Kind::Tenant => Stated::Gives(tenant),
        Kind::Organization => Stated::Nothing("its teams link environments: a rule of the mesh"),
        Kind::Environment => Stated::Gives(environments),
        Kind::Network => {
            Stated::Nothing("it tells where notebooks lie: `create_network` is nothing in AWS")
        }
        Kind::ConsumptionRole => Stated::Nothing("it is registered: what it reads its shares say"),
        Kind::Domain => Stated::Gives(domains),
        Kind::Dataset => Stated::Gives(datasets),
        Kind::Share => Stated::Gives(shares),
        Kind::Worksheet => Stated::Gives(worksheets),
        Kind::Notebook => Stated::Gives(notebooks),
        Kind::StudioProfile => Stated::Gives(studio_profiles),
        Kind::Pipeline => Stated::Gives(pipelines),
        Kind::Dashboard => Stated::Gives(dashboards),
        Kind::AccessPolicy => Stated::Gives(access_policies),
        Kind::MetadataForm => Stated::Nothing("it says what documents state about themselves"),
    }
}

/// The number of documents of a kind in a mesh.
pub(super) fn count(mesh: &Mesh, kind: Kind) -> usize {
    match kind {
        Kind::Tenant => 1,
        Kind::Organization => mesh.organizations.len(),
        Kind::Environment => mesh.environments.len(),
        Kind::Network => mesh.networks.len(),
        Kind::ConsumptionRole => mesh.consumption_roles.len(),
        Kind::Domain => mesh.domains.len(),
        Kind::Dataset => mesh.datasets.len(),
        Kind::Share => mesh.shares.len(),
        Kind::Worksheet => mesh.worksheets.len(),
        Kind::Notebook => mesh.notebooks.len(),
        Kind::StudioProfile => mesh.studio_profiles.len(),
        Kind::Pipeline => mesh.pipelines.len(),
        Kind::Dashboard => mesh.dashboards.len(),
        Kind::AccessPolicy => mesh.access_policies.len(),
        Kind::MetadataForm => mesh.metadata_forms.len(),
    }
}

/// The intended access of all documents of a mesh on a date.
pub(super) fn intent_of(mesh: &Mesh, day: &Date) -> Intent {
    let mut intent = Intent::default();
    for kind in Kind::ALL {
        if let Stated::Gives(give) = stated(kind) {
            give(mesh, day, &mut intent);
        }
    }
    intent
}

/// docs/stacks/pivot-role.md: the platform's roles may assume it. A permission that a team lacks in the tenant needs no
/// policy: `tenant-permission` refuses a mesh with a document that needs it.
fn tenant(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for role in &mesh.tenant.pivot_role.trusted_roles {
        for id in mesh.environments.keys() {
            let pivot = What::Role(Box::new(Who::PivotRole(id.to_string())));
            intent.give(&Who::Platform(role.to_string()), &pivot, &READ);
        }
    }
    people(mesh, intent);
}

/// docs/people.md, "A broker": it may assume the roles of the listed teams, for the members or, without a list, for anybody.
/// An imported role's trust belongs to its owner.
fn people(mesh: &Mesh, intent: &mut Intent) {
    let Some(Access::Broker { role, teams }) = &mesh.tenant.access else { return };
    for environment in mesh.environments.values() {
        let made = environment.teams.iter().filter(|member| member.iam_role_arn.is_none());
        for member in made {
            let Some(members) = teams.get(&member.team) else { continue };
            if members.is_empty() || members.iter().any(|one| one.as_str() == SOMEBODY) {
                let id = environment.header.id.to_string();
                let of_team = Who::Team(id, member.team.to_string());
                let what = What::RoleForSomebody(Box::new(of_team));
                intent.give(&Who::Broker(role.to_string()), &what, &READ);
            }
        }
    }
}

/// docs/mesh.md, "Permissions", and docs/stacks/team.md; docs/stacks/environment.md for the platform.
fn environments(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for environment in mesh.environments.values() {
        let id = environment.header.id.to_string();
        for member in &environment.teams {
            team(environment, member, intent);
        }
        for role in &mesh.tenant.pivot_role.trusted_roles {
            let platform = Who::Platform(role.to_string());
            intent.give(&platform, &What::Queue(id.clone()), &READ);
            intent.give(&platform, &What::Consumers(id.clone()), &WRITE);
        }
    }
}

fn team(environment: &Environment, member: &EnvironmentTeam, intent: &mut Intent) {
    let id = environment.header.id.to_string();
    let features = environment.features;
    let may = |permission| member.permissions.contains(&permission);
    let of_team = |what: fn(String, String) -> What| what(id.clone(), member.team.to_string());
    let who = Who::Team(id.clone(), member.team.to_string());
    let has_queries = may(EnvironmentPermission::RunAthenaQuery) && features.worksheets;
    if has_queries {
        intent.give(&who, &of_team(What::Results), &ALL);
        intent.give(&who, &of_team(What::Workgroup), &USE);
    }
    if may(EnvironmentPermission::CreateDataset) && features.datasets {
        intent.give(&who, &of_team(What::Assets), &ALL);
    }
    if features.subscriptions {
        intent.give(&who, &of_team(What::Producers), &WRITE);
        intent.give(&who, &What::Consumers(id.clone()), &READ);
    }
    if may(EnvironmentPermission::CreateDashboard) && features.dashboards && has_queries {
        intent.give(&who, &of_team(What::DataSource), &READ);
    }
    intent.give(&Who::PivotRole(id.clone()), &What::Role(Box::new(who)), &READ);
}

/// docs/stacks/dataset.md, "Who may do what, and why".
fn datasets(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for dataset in mesh.datasets.values() {
        let environment = dataset.environment.to_string();
        let own = Who::DatasetRole(dataset.header.id.to_string());
        let owner = Who::Team(environment.clone(), dataset.team.to_string());
        for who in [&own, &owner] {
            data(mesh, dataset, who, &ALL, intent);
        }
        // "Stewards of another environment approve, and read nothing": they are not teams of this environment.
        let stewards = dataset.stewards.iter();
        let stewards = stewards.map(|team| Who::Team(environment.clone(), team.to_string()));
        let stewards: Vec<Who> = stewards.collect();
        for team in &stewards {
            data(mesh, dataset, team, &READ, intent);
        }
        // "The queue of events is read by the dataset's role alone, and nobody but S3 sends to it."
        if dataset.crawler.event_mode {
            intent.give(&own, &What::Events(dataset.header.id.to_string()), &READ);
        }
        // "The key that is made then encrypts the logs and bookmarks of crawler and profiling job only": this is about an
        // imported bucket.
        let is_made = dataset.import.is_none();
        for is_through_s3 in [false, true] {
            let key = What::Key { dataset: dataset.header.id.to_string(), is_through_s3 };
            intent.give(&own, &key, &USE);
            if is_made {
                intent.give(&owner, &key, &USE);
                for team in &stewards {
                    intent.give(team, &key, &READ);
                }
            }
        }
        let role = What::Role(Box::new(own));
        intent.give(&Who::PivotRole(environment), &role, &READ);
    }
}

/// Access to all objects and all tables of a dataset.
fn data(mesh: &Mesh, dataset: &Dataset, who: &Who, hows: &[How], intent: &mut Intent) {
    bucket(dataset, who, hows, intent);
    let tables = dataset.tables.keys().map(ToString::to_string);
    for name in tables.chain([UNHEARD_OF.to_owned()]) {
        table(mesh, dataset, &name, (who, hows), intent);
    }
}

/// Access to all objects of a dataset, but not through access points.
fn bucket(dataset: &Dataset, who: &Who, hows: &[How], intent: &mut Intent) {
    let folders = dataset.folders.keys().map(|id| Some(id.to_string()));
    for folder in folders.chain([None]) {
        let id = dataset.header.id.to_string();
        let object = What::Object { dataset: id, folder, through: None };
        intent.give(who, &object, hows);
    }
}

/// Access to a whole table, which includes every part of it.
fn table(
    mesh: &Mesh,
    dataset: &Dataset,
    table: &str,
    (who, hows): (&Who, &[How]),
    intent: &mut Intent,
) {
    let id = dataset.header.id.as_str();
    let of = |cells| What::Table { dataset: id.to_owned(), table: table.to_owned(), cells };
    intent.give(who, &of(None), hows);
    for part in parts(mesh, id, table) {
        intent.give(who, &of(Some(part)), &READ);
    }
}

/// docs/stacks/share.md. "Only an approved share grants access", up to and with its last day.
fn shares(mesh: &Mesh, day: &Date, intent: &mut Intent) {
    for share in mesh.shares.values() {
        let is_over = share.expires.as_ref().is_some_and(|last| last.as_str() < day.as_str());
        if share.status == ShareStatus::Approved && !is_over {
            approved(mesh, share, intent);
        }
    }
}

fn approved(mesh: &Mesh, share: &Share, intent: &mut Intent) {
    let dataset = &mesh.datasets[share.dataset.id()];
    let id = dataset.header.id.to_string();
    let who = match &share.consumption_role {
        Some(role) => Who::ConsumptionRole(role.to_string()),
        None => Who::Team(share.environment.to_string(), share.team.to_string()),
    };
    // "`read` gets them, old versions, and attributes of the current one; `write` also puts; `modify` also deletes", and of tables `modify` adds `INSERT` and `DELETE`.
    let hows: &[How] = if share.permissions.contains(&SharePermission::Modify) {
        &ALL
    } else if share.permissions.contains(&SharePermission::Write) {
        &USE
    } else {
        &READ
    };
    let mut has_objects = false;
    for item in &share.items {
        match item {
            ShareItem::Bucket => {
                bucket(dataset, &who, hows, intent);
                bucket(dataset, &who, &ATTRIBUTES, intent);
            }
            ShareItem::Folder(folder) => {
                let object = What::Object {
                    dataset: id.clone(),
                    folder: Some(folder.to_string()),
                    through: Some(share.header.id.to_string()),
                };
                intent.give(&who, &object, hows);
                intent.give(&who, &object, &ATTRIBUTES);
            }
            ShareItem::Table(shared) => {
                let name = shared.name.to_string();
                match part(item) {
                    None => table(mesh, dataset, &name, (&who, hows), intent),
                    cells => {
                        let what = What::Table { dataset: id.clone(), table: name, cells };
                        intent.give(&who, &what, &READ);
                    }
                }
            }
        }
        has_objects |= matches!(item, ShareItem::Bucket | ShareItem::Folder(_));
    }
    // "The key can be used through S3 only."
    if has_objects && dataset.import.is_none() {
        let key = What::Key { dataset: id, is_through_s3: true };
        intent.give(&who, &key, if hows.len() == 1 { &READ } else { &USE });
    }
}

/// docs/mesh.md, "Domain": the teams of `dataset_level_access` reach every dataset of the domain, owners of the domain for
/// writing. A team acts through its roles in all of its environments (docs/governance.md, "Data").
fn domains(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for dataset in mesh.datasets.values() {
        let Some(domain) = &dataset.domain else { continue };
        for team in &domain.dataset_level_access {
            let writes = domain.owners.contains(team);
            for who in roles_of(mesh, team) {
                let hows: &[How] = if writes { &ALL } else { &READ };
                data(mesh, dataset, &who, hows, intent);
                bucket(dataset, &who, &ATTRIBUTES, intent);
                through_s3(dataset, &who, writes, intent);
            }
        }
    }
}

fn roles_of<'m>(mesh: &'m Mesh, team: &'m TeamName) -> impl Iterator<Item = Who> + use<'m> {
    let environments = mesh.environments.values();
    let with_role = environments.filter(move |one| one.team_named(team).is_some());
    with_role.map(move |one| Who::Team(one.header.id.to_string(), team.to_string()))
}

/// "The key can be used through S3 only" (docs/stacks/share.md).
fn through_s3(dataset: &Dataset, who: &Who, writes: bool, intent: &mut Intent) {
    let key = What::Key { dataset: dataset.header.id.to_string(), is_through_s3: true };
    intent.give(who, &key, if writes { &USE } else { &READ });
}

/// docs/governance.md, "Data". The policies of the mesh name teams, and datasets and tables by their ids; those that deny
/// take all of `data.`.
fn access_policies(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    let policies = mesh.access_policies.values();
    let active = policies.filter(|one| one.state == PolicyState::Active);
    let (given, denied): (Vec<_>, Vec<_>) = active.partition(|one| one.effect == Effect::Allow);
    let masking: Vec<_> = given.iter().filter(|one| one.is_masking()).copied().collect();
    for policy in &masking {
        views(mesh, policy, intent);
    }
    let is_masked = |team: &TeamName, dataset: &str, name: &str| {
        masking.iter().any(|one| {
            let tables = masked(mesh, one);
            one.actors.teams.contains(team)
                && tables.iter().any(|(of, table)| (*of, *table) == (dataset, name))
        })
    };
    for policy in given {
        let who = policy.actors.teams.iter();
        let who = who.flat_map(|team| roles_of(mesh, team).map(move |who| (team, who)));
        for (team, who) in who {
            for id in &policy.resources.ids {
                let parts: Vec<&str> = id.split('/').collect();
                let named = |id: &str| {
                    let found = mesh.datasets.values().find(|one| one.header.id.as_str() == id);
                    found.expect("a dataset").clone()
                };
                match parts[..] {
                    ["dataset", id] => {
                        let dataset = named(id);
                        bucket(&dataset, &who, &READ, intent);
                        bucket(&dataset, &who, &ATTRIBUTES, intent);
                        through_s3(&dataset, &who, false, intent);
                    }
                    ["table", id, name] if is_masked(team, id, name) => {}
                    ["table", id, name] if policy.rows.is_some() => {
                        let [dataset, table] = [id, name].map(str::to_owned);
                        let what = What::Table { dataset, table, cells: rows(policy) };
                        intent.give(&who, &what, &READ);
                    }
                    ["table", id, name] => {
                        table(mesh, &named(id), name, (&who, &READ[..]), intent);
                    }
                    _ => unreachable!("{id}"),
                }
            }
        }
    }
    for policy in denied {
        let roles: BTreeSet<Who> =
            policy.actors.teams.iter().flat_map(|team| roles_of(mesh, team)).collect();
        let is_taken = |what: &What| {
            let Some(id) = what.dataset() else { return false };
            let dataset = mesh.datasets.values().find(|one| one.header.id.as_str() == id);
            let domain = dataset
                .and_then(|one| one.domain.as_ref())
                .map(lakewright_manifest::mesh::Link::id);
            let name = match what {
                What::Table { table, .. } => format!("table/{id}/{table}"),
                other => format!("no table: {other:?}"),
            };
            domain.is_some_and(|one| policy.resources.domains.contains(one))
                || policy.resources.ids.contains(&name)
        };
        intent.take(|who, what| roles.contains(who) && is_taken(what));
    }
}

/// The tables of which a policy masks columns, with their datasets.
fn masked<'m>(mesh: &'m Mesh, policy: &AccessPolicy) -> Vec<(&'m str, &'m str)> {
    let datasets = mesh.datasets.values();
    let tables = datasets
        .flat_map(|dataset| dataset.tables.iter().map(move |(name, table)| (dataset, name, table)));
    let has_masks =
        tables.filter(|(dataset, name, table)| !policy.masks(dataset, name, table).is_empty());
    has_masks.map(|(dataset, name, _)| (dataset.header.id.as_str(), name.as_str())).collect()
}

/// docs/stacks/dataset.md, "Views": the team reads views and not their tables; the definer reads the tables. Who has all
/// tables of the database has the views, too.
fn views(mesh: &Mesh, policy: &AccessPolicy, intent: &mut Intent) {
    for (id, name) in masked(mesh, policy) {
        let mut datasets = mesh.datasets.values();
        let dataset = datasets.find(|one| one.header.id.as_str() == id).expect("a dataset");
        table(mesh, dataset, name, (&Who::Definer(id.to_owned()), &READ[..]), intent);
        let of_environment =
            |team: &TeamName| Who::Team(dataset.environment.to_string(), team.to_string());
        for team in &policy.actors.teams {
            let what = What::View {
                dataset: id.to_owned(),
                table: name.to_owned(),
                team: team.to_string(),
            };
            for who in [Who::DatasetRole(id.to_owned()), of_environment(&dataset.team)] {
                intent.give(&who, &what, &ALL);
            }
            for steward in &dataset.stewards {
                intent.give(&of_environment(steward), &what, &READ);
            }
            for who in roles_of(mesh, team) {
                intent.give(&who, &what, &READ);
            }
        }
    }
}

/// docs/stacks/team.md: a named query in the team's workgroup. A named query has no ARN of its own, so permission to read
/// one covers all of the workgroup.
fn worksheets(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for worksheet in mesh.worksheets.values() {
        let who = Who::Team(worksheet.environment.to_string(), worksheet.team.to_string());
        intent.give(&who, &What::Worksheet(worksheet.header.id.to_string()), &READ);
    }
}

/// docs/stacks/notebook.md, "Opening it" and "Changing it".
fn notebooks(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for notebook in mesh.notebooks.values() {
        let environment = notebook.environment.to_string();
        let what = What::Notebook(notebook.header.id.to_string());
        let team = Who::Team(environment.clone(), notebook.team.to_string());
        intent.give(&team, &what, &READ);
        intent.give(&Who::PivotRole(environment), &what, &READ);
    }
}

/// docs/stacks/studio-profile.md, "Opening it"; teams "cannot create, change or delete user profiles".
fn studio_profiles(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for profile in mesh.studio_profiles.values() {
        let environment = profile.environment.to_string();
        let what = What::StudioProfile(profile.header.id.to_string());
        let team = Who::Team(environment.clone(), profile.team.to_string());
        intent.give(&team, &what, &READ);
        intent.give(&Who::PivotRole(environment), &what, &READ);
    }
}

/// docs/stacks/pipeline.md, "Who may do what, and why".
fn pipelines(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for pipeline in mesh.pipelines.values() {
        let id = pipeline.header.id.to_string();
        let team = Who::Team(pipeline.environment.to_string(), pipeline.team.to_string());
        let role = |part| Who::PipelineRole(id.clone(), part);
        let (run, artifacts) = (What::Pipeline(id.clone()), What::Artifacts(id.clone()));
        intent.give(&team, &run, &READ);
        intent.give(&team, &What::Repository(id.clone()), &USE);
        intent.give(&role("run"), &artifacts, &ALL);
        intent.give(&role("start"), &run, &READ);
        intent.give(&role("update"), &run, &USE);
        intent.give(&role("update"), &artifacts, &READ);
        intent.give(&role("branches"), &artifacts, &READ);
        for (number, stage) in pipeline.stages.iter().enumerate() {
            let build = Who::StageRole(id.clone(), stage.id().to_owned(), "build");
            intent.give(&build, &artifacts, &READ);
            intent.give(&build, &What::Role(Box::new(of_stage(stage))), &READ);
            if number > 0 && pipeline.strategy != Strategy::Gitflow {
                approval(pipeline, stage, intent);
            }
        }
    }
}

fn of_stage(stage: &Stage) -> Who {
    Who::Team(stage.environment.to_string(), stage.team.to_string())
}

/// "A stage of a pipeline is approved by the stage's team alone" (docs/mesh.md). The team approves with its own role if that
/// is in the pipeline's account, otherwise through a role there that only this team may assume.
fn approval(pipeline: &Pipeline, stage: &Stage, intent: &mut Intent) {
    let (id, name) = (pipeline.header.id.to_string(), stage.id().to_owned());
    let what = What::Approval(id.clone(), name.clone());
    let environment = &stage.environment;
    let is_here = environment.account == pipeline.environment.account;
    let member = environment.team_named(&stage.team).expect("a team of the environment");
    let team = of_stage(stage);
    if is_here && member.iam_role_arn.is_none() {
        intent.give(&team, &what, &WRITE);
    } else {
        let through = Who::StageRole(id, name, "approve");
        intent.give(&through, &what, &WRITE);
        intent.give(&team, &What::Role(Box::new(through)), &READ);
    }
}

/// docs/stacks/pivot-role.md: the platform reads dashboards. An imported dashboard has no tag of the mesh, so no team's role
/// may access it; those that it is shared with see it through the platform.
fn dashboards(mesh: &Mesh, _: &Date, intent: &mut Intent) {
    for dashboard in mesh.dashboards.values() {
        let pivot = Who::PivotRole(dashboard.environment.to_string());
        intent.give(&pivot, &What::Dashboard(dashboard.header.id.to_string()), &READ);
    }
}
