//! One request, from the names on the command line to the decision and its reasons.

use lakewright_policies::catalogue;
use lakewright_proof::document::{Action, Document, Statement};
use lakewright_proof::evaluate::{Decision, Verdict};
use lakewright_proof::intended::Rule;
use lakewright_proof::request::{Context, Principal, Request};
use lakewright_proof::world::Outside;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::proof::Subject;

/// A question as it is asked on the command line.
#[derive(Debug, Clone, clap::Args, serde::Deserialize)]
pub(crate) struct Question {
    /// Who: an ARN, `team/ENVIRONMENT/TEAM`, `dataset-role/ID`, `pivot-role/ENVIRONMENT`, `service/NAME`
    #[arg(long)]
    pub(crate) principal: String,
    /// What, such as `s3:GetObject` or `lakeformation:SELECT`
    #[arg(long)]
    pub(crate) action: String,
    /// To what: an ARN, `dataset/ID`, `dataset/ID/table/NAME`, `dataset/ID/folder/ID`, `pivot-role/ENVIRONMENT`
    #[arg(long)]
    pub(crate) resource: String,
    /// A condition key of the request; several values with commas, several keys by repeating
    #[arg(long, value_name = "KEY=VALUE")]
    #[serde(default)]
    pub(crate) context: Vec<String>,
}

/// A question with its answer.
#[derive(Debug)]
pub(crate) struct Answer<'s> {
    pub(crate) principal: String,
    pub(crate) resource: String,
    pub(crate) verdict: Verdict<'s>,
    pub(crate) rule: Option<&'s Rule>,
}

impl Answer<'_> {
    pub(crate) fn exit(&self) -> Exit {
        match self.verdict.decision {
            Decision::Allow => Exit::Done,
            Decision::ExplicitDeny | Decision::ImplicitDeny => Exit::No,
            Decision::Unknown => Exit::Unknown,
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self.verdict.decision {
            Decision::Allow => "allowed",
            Decision::ExplicitDeny => "denied explicitly",
            Decision::ImplicitDeny => "denied",
            Decision::Unknown => "unknown",
        }
    }
}

/// Answers a question.
pub(crate) fn answer<'s>(question: &Question, subject: &'s Subject) -> Result<Answer<'s>, Failure> {
    let Subject { world, intended, .. } = subject;
    let principal = principal(&question.principal, subject)?;
    if !question.action.contains(':') || question.action.contains(['*', '?']) {
        let message =
            format!("got the action `{}`, expected one such as s3:GetObject", question.action);
        return Err(Failure::usage(message));
    }
    let action = Action::new(&question.action);
    let resource = resource(&question.resource, action, &principal, subject)?;
    let mut context = Context::new();
    for pair in &question.context {
        let Some((key, values)) = pair.split_once('=') else {
            return Err(Failure::usage(format!("got the context `{pair}`, expected KEY=VALUE")));
        };
        context.set(key, values.split(','));
    }
    let request = Request { principal: &principal, action, resource: &resource, context: &context };
    let verdict = world.decide(&request, Outside::Unknown);
    let rule = intended.rule_for(&request, world);
    Ok(Answer { principal: principal.name().to_owned(), verdict, rule, resource: resource.clone() })
}

fn principal(name: &str, subject: &Subject) -> Result<Principal, Failure> {
    if name == "*" {
        return Ok(Principal::Anonymous);
    }
    if let Some(service) = name.strip_prefix("service/") {
        return Ok(Principal::Service(service.to_owned()));
    }
    let arn = if name.starts_with("arn:") { Some(name) } else { subject.intended.arn_of(name) };
    match arn {
        Some(arn) if arn.contains(":user/") => Ok(Principal::User(arn.to_owned())),
        Some(arn) if arn.contains(":role/") => Ok(Principal::role(arn)),
        Some(service) if !service.starts_with("arn:") => Ok(Principal::Service(service.to_owned())),
        Some(_) => Err(Failure::usage(format!("`{name}` is no role, user or service"))),
        None => Err(Failure::usage(format!(
            "`{name}` is no principal of this mesh; expected an ARN, or a name such as {}",
            subject
                .intended
                .names()
                .find(|known| known.starts_with("team/"))
                .unwrap_or("team/ENVIRONMENT/TEAM")
        ))),
    }
}

fn resource(
    name: &str,
    action: Action,
    principal: &Principal,
    subject: &Subject,
) -> Result<String, Failure> {
    if name.starts_with("arn:") || name == "*" {
        return Ok(name.to_owned());
    }
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
            Failure::usage(format!(
                "`{name}` has nothing that {action} is about; expected dataset/ID, dataset/ID/table/NAME or dataset/ID/folder/ID of this mesh"
            ))
        });
    }
    subject.intended.arn_of(name).map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!(
            "`{name}` is no resource of this mesh; expected an ARN, dataset/ID or the name of a role such as pivot-role/ENVIRONMENT"
        ))
    })
}

impl Subject {
    /// The part of a dataset that an action is about: an object in its bucket or the bucket, its
    /// key, or its database.
    fn of_dataset(&self, id: &str, action: Action) -> Option<String> {
        let is = |arn: &str| match action.service() {
            "s3" => arn.contains(":s3:::"),
            "kms" => arn.contains(":kms:"),
            "glue" | "lakeformation" => arn.contains(":database/"),
            _ => false,
        };
        let found = self.parts_of(id).find(|arn| is(arn))?;
        let is_about_objects = catalogue::action(action.name()).is_some_and(|(_, known)| {
            known.resources.iter().any(|resource| resource.kind == "object")
        });
        Some(match action.service() {
            "s3" if is_about_objects => format!("{found}/any-object"),
            "kms" => self.world.aliases.get(&found).cloned().unwrap_or(found),
            _ => found,
        })
    }

    fn table(&self, id: &str, table: &str) -> Option<String> {
        let database = self.parts_of(id).find(|arn| arn.contains(":database/"))?;
        Some(format!("{}/{table}", database.replacen(":database/", ":table/", 1)))
    }

    /// An object in a folder: through the access point that names the principal, when there is one.
    fn folder(&self, id: &str, folder: &str, principal: &Principal) -> Option<String> {
        let prefix = self.folders.get(&(id.to_owned(), folder.to_owned()))?;
        let bucket = self.parts_of(id).find(|arn| arn.contains(":s3:::"))?;
        let name = bucket.rsplit(':').next().unwrap_or_default();
        let names_principal = |arn: &String| {
            let policy = self.world.resources.get(arn).and_then(|point| point.policy.as_ref());
            let statements = policy.into_iter().flat_map(|policy| &policy.statements);
            let mut allowing = statements.filter(|statement| statement.is_allow);
            allowing.any(|statement| {
                let object = format!("{arn}/object/{prefix}any-object");
                let is_about =
                    |pattern: &String| lakewright_proof::pattern::matches(pattern, &object);
                let entries = statement.principals.iter().flat_map(|list| &list.entries);
                let arn =
                    lakewright_proof::document::PrincipalEntry::Arn(principal.name().to_owned());
                entries.into_iter().any(|entry| *entry == arn)
                    && statement.resources.iter().any(is_about)
            })
        };
        let points = self.world.access_points.iter();
        let mut points = points.filter(|(_, point)| point.bucket == name).map(|(arn, _)| arn);
        Some(match points.find(|arn| names_principal(arn)) {
            Some(point) => format!("{point}/object/{prefix}any-object"),
            None => format!("{bucket}/{prefix}any-object"),
        })
    }

    /// The ARNs of a dataset: what its stack makes, then what grants on it name.
    fn parts_of(&self, id: &str) -> impl Iterator<Item = String> {
        let target = format!("dataset/{id}");
        let is_its = |entry: &&lakewright_template::assembly::StackEntry| {
            entry.kind == "dataset" && entry.id == id
        };
        let stacks: Vec<String> = self
            .stacks
            .iter()
            .filter(is_its)
            .map(lakewright_template::assembly::StackEntry::address)
            .collect();
        let made = self.world.resources.values();
        let made = made
            .filter(move |resource| stacks.iter().any(|stack| **stack == *resource.origin.stack))
            .map(|resource| resource.arn.clone());
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
        made.collect::<Vec<_>>().into_iter().chain(named)
    }

    /// The manifest lines behind a statement.
    pub(crate) fn lines_of(&self, document: &Document, statement: &Statement) -> Vec<String> {
        let origin = &document.origin;
        let Some(parts) = self.provenance.stacks.get(&*origin.stack) else { return Vec::new() };
        let exact = format!("{}#{}", origin.logical_id, statement.sid);
        let found = parts.get(&exact).or_else(|| parts.get(&origin.logical_id));
        found.or_else(|| parts.get("*")).cloned().unwrap_or_default()
    }

    /// The manifest lines behind a grant.
    pub(crate) fn lines_of_rule(&self, rule: &Rule) -> Vec<String> {
        if !rule.because.is_empty() {
            return rule.because.clone();
        }
        let parts = self.provenance.stacks.get(&*rule.stack);
        parts.and_then(|parts| parts.get("*")).cloned().unwrap_or_default()
    }
}

/// An answer for programs.
pub(crate) fn to_json(question: &Question, answer: &Answer<'_>, subject: &Subject) -> Value {
    let statements: Vec<Value> = answer
        .verdict
        .statements
        .iter()
        .map(|(document, statement)| {
            json!({
                "stack": &*document.origin.stack,
                "logical_id": document.origin.logical_id,
                "property": document.origin.property,
                "sid": statement.sid,
                "effect": if statement.is_allow { "allow" } else { "deny" },
                "asked_for_at": subject.lines_of(document, statement),
            })
        })
        .collect();
    let grant = answer.rule.map(|rule| {
        json!({
            "stack": &*rule.stack,
            "principal": rule.principal,
            "access": rule.access,
            "resource": rule.target,
            "asked_for_at": subject.lines_of_rule(rule),
        })
    });
    json!({
        "version": 1,
        "decision": answer.verdict.decision.as_str(),
        "reason": answer.verdict.reason,
        "principal": answer.principal,
        "action": question.action,
        "resource": answer.resource,
        "statements": statements,
        "grant": grant,
    })
}
