//! Decides one request: from the names on the command line to the decision and its reasons.

mod lacking;
mod made;
mod named;
mod question_error;

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_access::condition_key;
use lakewright_access::document::{Document, Statement};
use lakewright_access::evaluate::{Decision, Near, Verdict};
use lakewright_access::lake::{CELLS, LakeGrant};
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::sample::FILL;
use lakewright_access::world::Outside;
use lakewright_policies::catalogue;
use lakewright_proof::intended::Rule;
use lakewright_template::arn::ArnParts;

use crate::subject::{StackName, Subject};
pub use lacking::{Lacking, WouldAllow, condition};
pub use question_error::QuestionError;

/// The number of names that an error lists.
const SHOWN: usize = 8;

/// A question: may a principal perform an action on a resource?
#[derive(Debug, Clone)]
pub struct Question {
    /// The principal: an ARN, or a name as `access` shows it.
    pub principal: String,
    /// The action, such as `s3:GetObject` or `lakeformation:SELECT`.
    pub action: String,
    /// The resource: an ARN, `*`, or a name as `access` shows it.
    pub resource: String,
    /// Condition keys of the request, each as `KEY=VALUE,VALUE`.
    pub context: Vec<String>,
    /// The name of the role session that sends the request.
    pub session: Option<String>,
}

/// A question with its answer.
#[derive(Debug)]
pub struct Answer<'s> {
    /// The ARN of the principal.
    pub principal: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The decision, and the statements that decide.
    pub verdict: Verdict<'s>,
    /// The intended grant that covers the request.
    pub rule: Option<&'s Rule>,
    /// The Lake Formation permission that allows the request.
    pub permission: Option<&'s LakeGrant>,
    /// The statements that would allow the request if it fulfilled their conditions.
    pub near: Vec<Near<'s>>,
    /// What else prevents the request, if it is implicitly denied.
    pub lacking: Lacking,
}

/// Answers a question.
///
/// # Errors
///
/// The question names something that does not exist, or it is malformed.
pub fn decide<'s>(question: &Question, subject: &'s Subject) -> Result<Answer<'s>, QuestionError> {
    let Subject { world, intended, .. } = subject;
    let principal = principal(&question.principal, subject)?;
    let principal = match &question.session {
        Some(session) => in_session(principal, session)?,
        None => principal,
    };
    if !question.action.contains(':') || question.action.contains(['*', '?']) {
        return Err(QuestionError::Action(question.action.clone()));
    }
    let action = Action::new(&question.action);
    is_known(action)?;
    let resource = resource(&question.resource, action, &principal, subject)?;
    if !question.resource.starts_with("arn:") && question.resource != "*" {
        is_about(action, &question.resource, &resource)?;
    }
    let mut context = Context::new();
    for pair in &question.context {
        let pair_of = pair.split_once('=').filter(|(key, _)| key.contains(':'));
        let Some((key, values)) = pair_of else {
            return Err(QuestionError::Context(pair.clone()));
        };
        is_carried(action, key)?;
        context.set(key, values.split(','));
    }
    let permissions = world.lake().grants.get(principal.name()).into_iter().flatten();
    let permission = permissions
        .filter(|grant| grant.permission == action && grant.is_about(&resource))
        .min_by_key(|grant| grant.cells.is_some());
    // The filter's rows and columns are allowed, so the request is decided for exactly those.
    if let Some(cells) = permission.and_then(|grant| grant.cells.clone()) {
        context.set(CELLS, [cells]);
    }
    let request = Request { principal: &principal, action, resource: &resource, context: &context };
    let mut verdict = world.decide(&request, Outside::Unknown);
    let mut seen = BTreeSet::new();
    verdict.statements.retain(|(document, statement)| {
        seen.insert((document.origin.clone(), statement.sid.clone()))
    });
    let rule = intended.rule_for(&request, world);
    let is_denied = verdict.decision == Decision::ImplicitDeny;
    let mut near = if is_denied { world.nearly(&request) } else { Vec::new() };
    // Policies with the same origin, such as those inside a role, can have equal statements.
    let mut told = BTreeSet::new();
    near.retain(|one| told.insert(lacking::condition(one)));
    let lacking = if is_denied { Lacking::of(&request, subject) } else { Lacking::default() };
    let principal = principal.name().to_owned();
    Ok(Answer { principal, verdict, rule, permission, near, lacking, resource: resource.clone() })
}

/// The names of Lake Formation permissions, in lower case. Source: "Lake Formation permissions reference".
const PERMISSIONS: [&str; 12] = [
    "administer",
    "all",
    "alter",
    "create_database",
    "create_table",
    "data_location_access",
    "delete",
    "describe",
    "drop",
    "insert",
    "select",
    "super",
];

/// Checks that an action exists: a misspelt one would be denied, which answers nothing.
fn is_known(action: Action) -> Result<(), QuestionError> {
    // Known to exist, inside or outside the catalogue.
    if action.is_known() {
        return Ok(());
    }
    let Some(service) = catalogue::service(action.service()) else {
        let like = nearest(action.service(), catalogue::services()).map(str::to_owned);
        return Err(QuestionError::Service { action, like });
    };
    let permission = action.lower().strip_prefix("lakeformation:").unwrap_or_default();
    if PERMISSIONS.contains(&permission) {
        return Ok(());
    }
    let name = action.lower().split_once(':').map_or("", |(_, name)| name);
    let like = service.actions().map(|known| known.name).find(|known| {
        let known = known.to_ascii_lowercase();
        known.starts_with(name) || name.starts_with(&known)
    });
    let names: Vec<String> =
        service.actions().map(|known| known.name.to_ascii_lowercase()).collect();
    let like = like.or_else(|| {
        let near = nearest(name, names.iter().map(String::as_str))?;
        service.actions().map(|known| known.name).find(|known| known.eq_ignore_ascii_case(near))
    });
    let like = like.map(|like| format!("{}:{like}", action.service()));
    Err(QuestionError::NoAction { action, like })
}

/// Checks that requests for an action carry a condition key. A misspelt key would be in no policy, so the answer would
/// say nothing about the intended key.
fn is_carried(action: Action, key: &str) -> Result<(), QuestionError> {
    let Err(own) = condition_key::carried(action, key) else { return Ok(()) };
    let lower = key.to_ascii_lowercase();
    let known: Vec<String> =
        own.iter().copied().chain(condition_key::global()).map(str::to_ascii_lowercase).collect();
    let like = nearest(&lower, known.iter().map(String::as_str));
    let like = like.map(|like| {
        let written = own.iter().find(|own| own.eq_ignore_ascii_case(like));
        written.copied().unwrap_or(like).to_owned()
    });
    Err(QuestionError::ConditionKey { action, key: key.to_owned(), like, own })
}

/// Checks that an action applies to the resource that a name resolves to. Otherwise it would be denied, which answers
/// nothing.
fn is_about(action: Action, name: &str, arn: &str) -> Result<(), QuestionError> {
    let about = match action.lower() {
        "lakeformation:select" | "lakeformation:insert" | "lakeformation:delete"
            if !arn.contains(":table/") =>
        {
            Err(vec!["tables"])
        }
        "lakeformation:data_location_access" if !arn.contains(":s3:::") => {
            Err(vec!["locations in S3"])
        }
        _ => action.about(arn),
    };
    let Err(kinds) = about else { return Ok(()) };
    Err(QuestionError::NotAbout { action, name: name.to_owned(), arn: arn.to_owned(), kinds })
}

fn principal(name: &str, subject: &Subject) -> Result<Principal, QuestionError> {
    if name == "*" {
        return Ok(Principal::Anonymous);
    }
    if let Some(service) = name.strip_prefix("service/") {
        if !service.contains('.') {
            return Err(QuestionError::ServicePrincipal(service.to_owned()));
        }
        return Ok(Principal::Service(service.to_owned()));
    }
    if name.starts_with("arn:") {
        is_arn(name)?;
    }
    if subject.foreign.is_some() && !name.starts_with("arn:") {
        return named::role(name, &subject.world).map(Principal::role);
    }
    // The roles of a permission set are known by a pattern; one sample represents them.
    let known = || subject.intended.arn_of(name).map(|arn| pattern::sample(arn, FILL));
    let arn = if name.starts_with("arn:") { Some(name.to_owned()) } else { known() };
    if let Some(somebody) = arn.as_deref().and_then(Principal::of_provider) {
        return Ok(somebody);
    }
    match arn.as_deref() {
        Some(arn) if arn.contains(":user/") => Ok(Principal::User(arn.to_owned())),
        Some(arn) if arn.contains(":role/") => Ok(Principal::role(arn)),
        Some(service) if !service.starts_with("arn:") => Ok(Principal::Service(service.to_owned())),
        Some(_) => Err(QuestionError::NotAPrincipal(name.to_owned())),
        None => {
            let like = nearest(name, subject.intended.names()).map(str::to_owned);
            let mut names = subject.intended.names();
            let team = names.find(|known| known.starts_with("team/")).map(str::to_owned);
            Err(QuestionError::Principal { name: name.to_owned(), like, team })
        }
    }
}

/// A session of a role. Source for the form of its name: AssumeRole in the AWS STS API reference.
fn in_session(principal: Principal, session: &str) -> Result<Principal, QuestionError> {
    if !matches!(principal, Principal::Role { .. }) {
        return Err(QuestionError::NoSessions(principal.name().to_owned()));
    }
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    if !(2..=64).contains(&session.len()) || !session.chars().all(is_part) {
        return Err(QuestionError::Session(session.to_owned()));
    }
    Ok(principal.in_session(session))
}

/// The known name that is most similar to `name`, if any is similar enough.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    const ALIKE: f64 = 0.85;
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, known)| known)
}

/// Checks that a text is an ARN. It has six components, and some are empty in the ARNs of buckets and of IAM.
fn is_arn(text: &str) -> Result<(), QuestionError> {
    let is_whole = ArnParts::parse(text).is_some_and(|arn| {
        let ArnParts { partition, service, region, account, resource } = arn;
        let is_placed = match service {
            "s3" => region.is_empty() == account.is_empty(),
            // AWS's own policies are in the account `aws`.
            "iam" => region.is_empty() && (account.len() == 12 || account == "aws"),
            _ => !partition.is_empty() && !service.is_empty(),
        };
        is_placed && !resource.is_empty()
    });
    if is_whole {
        return Ok(());
    }
    // The service may be recognizable although the text is no ARN.
    let form = match text.split(':').nth(2) {
        Some("iam") => "arn:aws:iam::ACCOUNT:role/NAME",
        Some("s3") => "arn:aws:s3:::BUCKET/KEY",
        _ => "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE",
    };
    Err(QuestionError::Arn { got: text.to_owned(), form })
}

fn resource(
    name: &str,
    action: Action,
    principal: &Principal,
    subject: &Subject,
) -> Result<String, QuestionError> {
    if name == "*" {
        return Ok(name.to_owned());
    }
    if name.starts_with("arn:") {
        is_arn(name)?;
        return Ok(name.to_owned());
    }
    if subject.foreign.is_some() {
        return named::resource(name, action, &subject.world);
    }
    // First the usual part of a dataset or pipeline. If the action does not apply to it, another resource that the name
    // stands for.
    let first = by_kind(name, action, principal, subject);
    if first.as_ref().is_ok_and(|arn| is_about(action, name, arn).is_ok()) {
        return first;
    }
    made::resource(name, action, subject)?.map_or(first, Ok)
}

/// The ARN of a part of a dataset or a pipeline, or of a role.
fn by_kind(
    name: &str,
    action: Action,
    principal: &Principal,
    subject: &Subject,
) -> Result<String, QuestionError> {
    if let Some(rest) = name.strip_prefix("dataset/") {
        let mut parts = rest.splitn(3, '/');
        let id = parts.next().unwrap_or_default();
        let part = parts.next().zip(parts.next());
        let found = match part {
            None => subject.of_dataset(id, action),
            Some(("table", table)) => subject.table(id, table),
            Some(("folder", folder)) => subject.folder(id, folder, principal),
            Some(_) => None,
        };
        return found.ok_or_else(|| {
            if !subject.stacks.iter().any(|stack| stack.dataset() == Some(id)) {
                let known = || subject.stacks.iter().filter_map(StackName::dataset);
                return QuestionError::Dataset {
                    id: id.to_owned(),
                    like: nearest(id, known()).map(str::to_owned),
                    known: known().take(SHOWN).map(str::to_owned).collect(),
                };
            }
            QuestionError::PartOfDataset { name: name.to_owned(), action }
        });
    }
    if let Some(rest) = name.strip_prefix("pipeline/") {
        let (id, part) = rest.split_once('/').unwrap_or((rest, ""));
        return subject.pipeline(id, part);
    }
    let role = subject.intended.arn_of(name).map(str::to_owned);
    role.ok_or_else(|| made::unknown(name, action, subject))
}

/// Whether an action applies to objects in buckets.
fn is_about_objects(action: Action) -> bool {
    catalogue::action(action.name())
        .is_some_and(|(_, known)| known.resources.iter().any(|resource| resource.kind == "object"))
}

impl Subject {
    /// The part of a dataset that an action applies to: an object in its bucket, the bucket, its key, or its database.
    fn of_dataset(&self, id: &str, action: Action) -> Option<String> {
        let is = |arn: &str| match action.service() {
            "s3" => arn.contains(":s3:::"),
            "kms" => arn.contains(":kms:"),
            "glue" | "lakeformation" => arn.contains(":database/"),
            _ => false,
        };
        let found = self.parts_of(id).find(|arn| is(arn))?;
        Some(match action.service() {
            "s3" if is_about_objects(action) => format!("{found}/any-object"),
            "kms" => self.world.aliases().get(&found).cloned().unwrap_or(found),
            _ => found,
        })
    }

    /// The ARN of `dataset/ID/table/NAME` or `dataset/ID/folder/ID`.
    pub fn part(&self, name: &str) -> Option<String> {
        let mut parts = name.strip_prefix("dataset/")?.splitn(3, '/');
        let (id, kind, part) = (parts.next()?, parts.next()?, parts.next()?);
        match kind {
            "table" => self.table(id, part),
            "folder" => self.folder(id, part, &Principal::Anonymous),
            _ => None,
        }
    }

    fn table(&self, id: &str, table: &str) -> Option<String> {
        let database = self.parts_of(id).find(|arn| arn.contains(":database/"))?;
        Some(format!("{}/{table}", database.replacen(":database/", ":table/", 1)))
    }

    /// A sample object in a folder: through the access point that names the principal, if there is one.
    fn folder(&self, id: &str, folder: &str, principal: &Principal) -> Option<String> {
        let prefix = self.folders.get(&(id.to_owned(), folder.to_owned()))?;
        let bucket = self.parts_of(id).find(|arn| arn.contains(":s3:::"))?;
        let name = ArnParts::parse(&bucket).map_or("", |arn| arn.resource);
        let names_principal = |arn: &String| {
            let policy = self.world.resources().get(arn).and_then(|point| point.policy.as_ref());
            let statements = policy.into_iter().flat_map(|policy| &policy.statements);
            let mut allowing = statements.filter(|statement| statement.is_allow);
            allowing.any(|statement| {
                let object = format!("{arn}/object/{prefix}any-object");
                let is_about =
                    |pattern: &String| lakewright_access::pattern::matches(pattern, &object);
                let entries = statement.principals.iter().flat_map(|list| &list.entries);
                let arn =
                    lakewright_access::document::PrincipalEntry::Arn(principal.name().to_owned());
                entries.into_iter().any(|entry| *entry == arn)
                    && statement.resources.iter().any(is_about)
            })
        };
        let points = self.world.access_points().iter();
        let mut points = points.filter(|(_, point)| point.bucket == name).map(|(arn, _)| arn);
        Some(match points.find(|arn| names_principal(arn)) {
            Some(point) => format!("{point}/object/{prefix}any-object"),
            None => format!("{bucket}/{prefix}any-object"),
        })
    }

    /// The ARN of `pipeline/ID`, or of one of its stages or actions, by their names in CodePipeline.
    fn pipeline(&self, id: &str, part: &str) -> Result<String, QuestionError> {
        let is_of = |stack: &StackName| stack.subject.strip_prefix("pipeline/") == Some(id);
        let stack = self.stacks.iter().find(|stack| is_of(stack));
        let made = self.world.resources().values().filter(|resource| {
            resource.kind == "AWS::CodePipeline::Pipeline"
                && stack.is_some_and(|stack| stack.address == *resource.origin.stack)
        });
        let made: Vec<_> = made.collect();
        if made.is_empty() {
            return Err(QuestionError::Pipeline(id.to_owned()));
        }
        let is_in = |parts: &[String]| part.is_empty() || parts.iter().any(|known| known == part);
        let end = if part.is_empty() { String::new() } else { format!("/{part}") };
        let named = made.iter().filter(|resource| is_in(&resource.parts));
        let arns: Vec<String> = named.map(|resource| format!("{}{end}", resource.arn)).collect();
        match arns.as_slice() {
            [one] => Ok(one.clone()),
            // There are several pipelines if each stage has its own branch.
            [_, ..] => Err(QuestionError::Several {
                name: format!("pipeline/{id}{end}"),
                known: arns.join(", "),
            }),
            [] => {
                let parts = made.iter().flat_map(|resource| &resource.parts);
                let known = parts.map(|part| format!("pipeline/{id}/{part}")).collect();
                Err(QuestionError::PartOfPipeline {
                    id: id.to_owned(),
                    part: part.to_owned(),
                    known,
                })
            }
        }
    }

    /// The ARNs of a dataset: resources of its stack, then imported resources, then those that grants on the dataset
    /// name.
    fn parts_of(&self, id: &str) -> impl Iterator<Item = String> {
        let target = format!("dataset/{id}");
        let stacks = self.stacks.iter().filter(|stack| stack.dataset() == Some(id));
        let stacks: Vec<&str> = stacks.map(|stack| stack.address.as_str()).collect();
        let made = self.world.resources().values();
        let made = made
            .filter(move |resource| stacks.iter().any(|stack| *stack == &*resource.origin.stack))
            .map(|resource| resource.arn.clone());
        let imported = self.imported.iter().filter(|(_, dataset)| **dataset == target);
        let imported: Vec<String> = imported.map(|(arn, _)| arn.clone()).collect();
        let principals = self.intended.principals();
        let mut named: Vec<String> = principals
            .into_iter()
            .flat_map(|(_, rules)| rules)
            .filter(|rule| rule.target == target)
            .flat_map(|rule| rule.resources.iter())
            .filter(|arn| !arn.contains('*') && !arn.contains("_shared"))
            .cloned()
            .collect();
        named.sort_unstable();
        made.collect::<Vec<_>>().into_iter().chain(imported).chain(named)
    }

    /// The manifest lines that ask for a statement. For anybody's templates, the line of the statement itself.
    pub fn lines_of(&self, document: &Document, statement: &Statement) -> Vec<String> {
        let origin = &document.origin;
        if let Some(foreign) = &self.foreign {
            return foreign.lines_of(origin, &statement.sid);
        }
        let Some(parts) = self.provenance.stacks.get(&*origin.stack) else { return Vec::new() };
        let exact = format!("{}#{}", origin.logical_id, statement.sid);
        let found = parts.get(&exact).or_else(|| parts.get(&origin.logical_id));
        found.or_else(|| parts.get("*")).cloned().unwrap_or_default()
    }

    /// The manifest lines that ask for a grant.
    pub fn lines_of_rule(&self, rule: &Rule) -> Vec<String> {
        if rule.because.is_empty() {
            self.lines_of_stack(&rule.stack)
        } else {
            rule.because.clone()
        }
    }
}
