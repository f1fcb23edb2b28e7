//! Organizations and environments.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::TeamName;
use lakewright_template::{ResourceEntry, Value};

use crate::deployed::{Deployed, OldKind, OldStack};
use crate::literal::references;
use crate::mesh::{DescribeError, Place, set_header};
use crate::yaml::{Document, Field};
use crate::{Gap, ids};

/// The environments that other documents refer to, by data.all's id.
pub(crate) struct Surroundings<'d> {
    environments: BTreeMap<&'d str, Known<'d>>,
    organizations: BTreeMap<String, (String, String)>,
}

/// An environment.
struct Known<'d> {
    id: String,
    stack: &'d OldStack,
    team: &'d str,
    organization: String,
}

/// The organization of environments that do not say theirs.
const UNKNOWN: &str = "organization";

impl<'d> Surroundings<'d> {
    /// Finds the environments.
    pub(crate) fn of(deployed: &'d Deployed, gaps: &mut Vec<Gap>) -> Result<Self, DescribeError> {
        let mut stacks = Vec::new();
        for stack in deployed.of_kind(OldKind::Environment) {
            match stack.team().filter(|team| TeamName::parse(team).is_ok()) {
                Some(team) => stacks.push((stack, team)),
                None => gaps.push(left_out(stack, "its tag `Team` names no team")),
            }
        }
        let found: BTreeSet<(&str, &str)> =
            stacks.iter().filter_map(|(stack, _)| stack.tagged_uri("Organization")).collect();
        let by_uri: BTreeMap<&str, &str> =
            found.into_iter().map(|(name, uri)| (uri, name)).collect();
        let all = ids::of(by_uri.iter().map(|(uri, name)| (*name, *uri)));
        let organizations: BTreeMap<String, (String, String)> = by_uri
            .into_iter()
            .zip(all)
            .map(|((uri, name), id)| (uri.to_owned(), (id, name.to_owned())))
            .collect();
        let all =
            ids::of(stacks.iter().map(|(stack, _)| (stack.label.as_str(), stack.uri.as_str())));
        let mut environments = BTreeMap::new();
        for ((stack, team), id) in stacks.into_iter().zip(all) {
            let organization = stack.tagged_uri("Organization").map(|(_, uri)| uri.to_owned());
            let organization = organization.unwrap_or_default();
            environments.insert(stack.uri.as_str(), Known { id, stack, team, organization });
        }
        if environments.is_empty() {
            return Err(DescribeError::NoEnvironment);
        }
        Ok(Self { environments, organizations })
    }

    fn organization(&self, environment: &Known<'_>) -> &str {
        self.organizations.get(&environment.organization).map_or(UNKNOWN, |(id, _)| id)
    }

    /// The id of an environment, by data.all's id.
    pub(crate) fn id(&self, uri: &str) -> Option<&str> {
        self.environments.get(uri).map(|known| known.id.as_str())
    }

    /// The stack of an environment, by data.all's id.
    pub(crate) fn stack(&self, uri: &str) -> Option<&'d OldStack> {
        self.environments.get(uri).map(|known| known.stack)
    }

    /// The environment and the team of an object; without them, the reason why no document is written.
    pub(crate) fn place<'s>(&self, stack: &'s OldStack) -> Result<(&str, &'s str), Gap> {
        let uri = stack.tagged_uri("Environment").map(|(_, uri)| uri);
        let environment = uri.and_then(|uri| self.id(uri)).ok_or_else(|| {
            left_out(stack, "the environment that its tag `Environment` names has no template here")
        })?;
        let team = stack.team().filter(|team| TeamName::parse(team).is_ok());
        Ok((environment, team.ok_or_else(|| left_out(stack, "its tag `Team` names no team"))?))
    }
}

/// A stack without a document.
pub(crate) fn left_out(stack: &OldStack, why: &str) -> Gap {
    Gap::new(
        stack.address(),
        format!("it has no document in the mesh: {why}"),
        "write the document by hand; its stack stays as it is until then",
    )
}

/// The organizations, from the environments' tags.
pub(crate) fn organizations(around: &Surroundings<'_>, gaps: &mut Vec<Gap>) -> Vec<Document> {
    let mut teams: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for known in around.environments.values() {
        let teams = teams.entry(around.organization(known)).or_default();
        if !teams.contains(&known.team) {
            teams.push(known.team);
        }
    }
    let mut documents = Vec::new();
    for (id, mut teams) in teams {
        teams.sort_unstable();
        let label = around.organizations.values().find(|(known, _)| known == id);
        let mut document = Document::new("Organization", id);
        document.comment(
            "No template shows the organization's own team: this is the team of an environment.",
        );
        document.set_text("label", label.map_or("", |(_, name)| name));
        let (first, others) = teams.split_first().map_or(("", &[][..]), |(one, rest)| (*one, rest));
        document.set("team", first);
        if !others.is_empty() {
            document.set("admins", Field::texts(others));
        }
        gaps.push(Gap::new(
            format!("organization {id}"),
            "its team and admins are in no template; the teams of its environments were written",
            "correct `team` and `admins`",
        ));
        documents.push(document);
    }
    documents
}

/// The environments.
pub(crate) fn documents(
    deployed: &Deployed,
    around: &Surroundings<'_>,
    gaps: &mut Vec<Gap>,
    placed: &mut BTreeMap<String, Place>,
) -> Vec<Document> {
    let mut all = Vec::new();
    for known in around.environments.values() {
        let teams = Teams::of(known, gaps);
        let mut document = Document::new("Environment", &known.id);
        set_header(&mut document, known.stack);
        document.set("organization", around.organization(known));
        document.set("account", Field::Text(known.stack.place.account.to_string()));
        document.set("region", known.stack.place.region.as_str());
        document.set("team", known.team);
        if let Some(arn) = &teams.own_imported {
            document.set("iam_role_arn", arn.as_str());
        }
        features(&mut document, deployed, known, &teams, gaps);
        document.set("teams", Field::List(teams.invited.clone()));
        if let Some(boundary) = boundary(known.stack) {
            document.set("permissions_boundary", boundary);
        }
        placed.insert(
            known.stack.address(),
            Place {
                kind: "environment",
                id: known.id.clone(),
                environment: known.id.clone(),
                teams: teams.by_role,
            },
        );
        all.push(document);
    }
    all
}

/// The teams of an environment, from its roles.
struct Teams {
    own_imported: Option<String>,
    invited: Vec<Field>,
    by_role: BTreeMap<String, String>,
    permissions: BTreeSet<&'static str>,
}

/// A permission of a team, and an action that its policies have only with it.
///
/// Source: `backend/dataall/modules/*/cdk/env_role_*_policy.py` of data.all 2.
const PERMISSIONS: [(&str, &str); 5] = [
    ("create_dataset", "databrew:"),
    ("create_notebook", "sagemaker:CreateNotebookInstance"),
    ("create_pipeline", "states:CreateStateMachine"),
    ("create_studio_profile", "sagemaker:*Space*"),
    ("run_athena_query", "athena:StartQueryExecution"),
];

/// Actions without a counterpart in a mesh, or whose feature needs what no template shows.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "quicksight:",
        "create_dashboard: it needs `features: dashboards` and `context.quicksight` of the environment",
    ),
    ("omics:", "CREATE_OMICS_RUN: Lakewright has no counterpart"),
];

impl Teams {
    fn of(known: &Known<'_>, gaps: &mut Vec<Gap>) -> Self {
        let stack = known.stack;
        let mut teams = Self {
            own_imported: None,
            invited: Vec::new(),
            by_role: BTreeMap::new(),
            permissions: BTreeSet::new(),
        };
        let mut has_own = false;
        for (id, role) in stack.of_type("AWS::IAM::Role") {
            let Some(team) = stack.tags_of(role).remove("group") else { continue };
            teams.by_role.insert(id.to_string(), team.clone());
            let actions = actions_of(stack, role);
            let has = |start: &str| actions.iter().any(|action| action.starts_with(start));
            let permissions: Vec<&'static str> =
                PERMISSIONS.iter().filter(|(_, start)| has(start)).map(|(name, _)| *name).collect();
            teams.permissions.extend(&permissions);
            for (_, what) in ELSEWHERE.iter().filter(|(start, _)| has(start)) {
                gaps.push(Gap::new(
                    format!("environment {}, team {team}", known.id),
                    format!("a permission was not written: {what}"),
                    "add it to the team, if it is still needed",
                ));
            }
            if team == known.team {
                has_own = true;
            } else if TeamName::parse(&team).is_ok() {
                teams.invited.push(Field::map([
                    ("team", Field::from(team.as_str())),
                    ("permissions", Field::texts(permissions)),
                ]));
                gaps.push(Gap::new(
                    format!("environment {}, team {team}", known.id),
                    "whether it may create shares, invite teams, add consumption roles or networks is in no template; it may not",
                    "add `create_share` and the like to its `permissions`",
                ));
            } else {
                gaps.push(left_out(
                    stack,
                    &format!("the role {id} is of `{team}`, which is no name of a team"),
                ));
            }
        }
        if !has_own {
            teams.own_imported = default_role(stack);
        }
        teams.say_imported(known, has_own, gaps);
        teams
    }

    /// Imported roles: their policies are elsewhere, and no template tells the names of their teams.
    fn say_imported(&self, known: &Known<'_>, has_own: bool, gaps: &mut Vec<Gap>) {
        let subject = format!("environment {}", known.id);
        match &self.own_imported {
            Some(arn) => gaps.push(Gap::new(
                subject.clone(),
                format!(
                    "the role of its team, {arn}, is imported; its policies are in no template"
                ),
                "add what `lakewright synth` writes under assets/role-policies/ to the role",
            )),
            None if !has_own => gaps.push(Gap::new(
                subject.clone(),
                "no template shows the role of its team; the mesh makes one",
                "set `iam_role_arn`, if the role was imported",
            )),
            None => {}
        }
        let workgroups = known.stack.of_type("AWS::Athena::WorkGroup").count();
        let teams = self.by_role.len() + usize::from(self.own_imported.is_some());
        if workgroups > teams {
            gaps.push(Gap::new(
                subject,
                format!(
                    "it has {workgroups} workgroups and {teams} roles of teams: {} more teams have imported roles, whose names no \
                     template shows",
                    workgroups - teams
                ),
                "add them under `teams` with their `iam_role_arn`",
            ));
        }
    }
}

/// The actions of a role's policies, in the role and in managed policies of the stack.
fn actions_of(stack: &OldStack, role: &ResourceEntry) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    let mut gather = |value: &Value| {
        value.walk(&mut |one| {
            if let Some(text) = one.as_text().filter(|text| text.contains(':')) {
                actions.insert(text.to_owned());
            }
        });
    };
    if let Some(policies) = role.properties.get("Policies") {
        gather(policies);
    }
    let arns = role.properties.get("ManagedPolicyArns");
    for id in arns.map(references).unwrap_or_default() {
        let policy =
            stack.of_type("AWS::IAM::ManagedPolicy").find(|(other, _)| other.as_str() == id);
        if let Some(document) = policy.and_then(|(_, entry)| entry.properties.get("PolicyDocument"))
        {
            gather(document);
        }
    }
    actions
}

/// The role of the environment's own team, as data.all tells its function for Lake Formation.
fn default_role(stack: &OldStack) -> Option<String> {
    stack.of_type("AWS::Lambda::Function").find_map(|(_, entry)| {
        stack.text_at(entry, &["Environment", "Variables", "DEFAULT_ENV_ROLE_ARN"])
    })
}

fn boundary(stack: &OldStack) -> Option<String> {
    stack
        .of_type("AWS::IAM::Role")
        .find_map(|(_, role)| stack.text_at(role, &["PermissionsBoundary"]))
}

/// What the environment offers, and the VPCs that this needs.
fn features(
    document: &mut Document,
    deployed: &Deployed,
    known: &Known<'_>,
    teams: &Teams,
    gaps: &mut Vec<Gap>,
) {
    let stack = known.stack;
    let has = |kinds: &[OldKind]| {
        deployed.stacks.iter().any(|one| {
            kinds.contains(&one.kind)
                && one.tagged_uri("Environment").is_some_and(|(_, uri)| uri == stack.uri)
        })
    };
    let mut features = Vec::new();
    if has(&[OldKind::Notebook]) || teams.permissions.contains("create_notebook") {
        features.push(("notebooks", Field::Flag(true)));
    }
    let domain = stack.of_type("AWS::SageMaker::Domain").next();
    let network = domain.and_then(|(_, domain)| studio_network(stack, domain));
    let is_asked = domain.is_some()
        || has(&[OldKind::Studio])
        || teams.permissions.contains("create_studio_profile");
    match &network {
        Some(_) => features.push(("ml_studio", Field::Flag(true))),
        None if is_asked => {
            // The permission needs the feature, and the feature a network.
            features.push(("ml_studio", Field::Flag(true)));
            gaps.push(Gap::new(
                format!("environment {}", known.id),
                "the VPC of its ML Studio domain is in no template; the mesh uses the region's default VPC",
                "run `lakewright context`, or set `ml_studio` with a VPC and its subnets",
            ));
        }
        None => {}
    }
    if has(&[OldKind::Pipeline, OldKind::CdkPipeline])
        || teams.permissions.contains("create_pipeline")
    {
        features.push(("pipelines", Field::Flag(true)));
    }
    if stack.of_type("AWS::SNS::Topic").next().is_some() {
        features.push(("subscriptions", Field::Flag(true)));
    }
    if !features.is_empty() {
        document.set("features", Field::map(features));
    }
    if let Some(network) = network {
        document.set("ml_studio", network);
    }
    let vpcs = crate::workbench::vpcs(deployed, &stack.uri);
    if !vpcs.is_empty() {
        document.set("context", Field::map([("vpcs", Field::List(vpcs))]));
    }
    let imported = stack.of_type("AWS::SNS::Subscription").find_map(|(_, entry)| {
        entry.properties.get("TopicArn").and_then(Value::as_text).map(str::to_owned)
    });
    if let Some(topic) = imported {
        document.set("subscriptions", Field::map([("producers_topic", topic.into())]));
    }
}

/// The VPC and the subnets of a domain, if both are known.
fn studio_network(stack: &OldStack, domain: &ResourceEntry) -> Option<Field> {
    let vpc = stack.text_at(domain, &["VpcId"])?;
    let subnets = stack.fixed(domain.properties.get("SubnetIds")?);
    let subnets: Option<Vec<&str>> = subnets.as_list()?.iter().map(Value::as_text).collect();
    Some(Field::map([("vpc_id", Field::from(vpc)), ("subnet_ids", Field::texts(subnets?))]))
}
