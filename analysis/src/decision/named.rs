//! Finds roles and resources of anybody's templates by the names that people use for them.

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_access::document::Origin;
use lakewright_access::world::World;
use lakewright_template::arn::ArnParts;

use super::{QuestionError, SHOWN, is_about_objects, nearest};

/// A role or resource that a question can name.
struct Thing<'w> {
    arn: &'w str,
    /// The template's file.
    stack: &'w str,
    logical_id: &'w str,
    /// Its names, except those made of the logical id.
    names: Vec<String>,
}

impl<'w> Thing<'w> {
    fn new(arn: &'w str, origin: &'w Origin, names: Vec<String>) -> Self {
        Self { arn, stack: &origin.stack, logical_id: &origin.logical_id, names }
    }

    /// The unique name: `FILE#LOGICALID`.
    fn full(&self) -> String {
        format!("{}#{}", self.stack, self.logical_id)
    }

    /// The text after one of its names and a slash; empty if `name` is exactly a name.
    fn rest_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let own = [self.full(), self.logical_id.to_owned()];
        // The file's folders may be left out.
        let file = self.stack.rsplit('/').next().unwrap_or(self.stack);
        let short = format!("{file}#{}", self.logical_id);
        let mut all = own.iter().chain([&short]).chain(&self.names);
        all.find_map(|known| {
            let rest = name.strip_prefix(known.as_str())?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
        })
    }
}

/// The ARN of the role with a name: `role/NAME`, its logical id, or `FILE#LOGICALID`.
pub(super) fn role(name: &str, world: &World) -> Result<String, QuestionError> {
    let things = roles(world);
    let found = things.iter().filter(|thing| thing.rest_of(name) == Some(""));
    let found: Vec<&Thing<'_>> = found.collect();
    sole(name, "role", &found, &things).map(|thing| thing.arn.to_owned())
}

/// The ARN of the resource with a name. For a bucket, `NAME/KEY` names an object.
pub(super) fn resource(name: &str, action: Action, world: &World) -> Result<String, QuestionError> {
    let resources = world.resources().values().filter(|resource| !resource.kind.is_empty());
    let mut things: Vec<Thing<'_>> = resources
        .map(|resource| {
            let last = ArnParts::parse(&resource.arn).map_or("", |arn| arn.resource);
            let is_bucket = resource.kind == "AWS::S3::Bucket";
            let mut names =
                vec![if is_bucket { format!("bucket/{last}") } else { last.to_owned() }];
            let aliases = world.aliases_of().get(&resource.arn);
            names.extend(aliases.into_iter().flatten().cloned());
            Thing::new(&resource.arn, &resource.origin, names)
        })
        .collect();
    things.extend(roles(world));
    let is_it = |thing: &&Thing<'_>| {
        let is_bucket = thing.arn.contains(":s3:::");
        thing.rest_of(name).is_some_and(|rest| rest.is_empty() || is_bucket)
    };
    let found: Vec<&Thing<'_>> = things.iter().filter(is_it).collect();
    let thing = sole(name, "resource", &found, &things)?;
    let rest = thing.rest_of(name).unwrap_or_default();
    let is_bucket = thing.arn.contains(":s3:::");
    Ok(match rest {
        "" if is_bucket && is_about_objects(action) => format!("{}/any-object", thing.arn),
        "" => thing.arn.to_owned(),
        key => format!("{}/{key}", thing.arn),
    })
}

fn roles(world: &World) -> Vec<Thing<'_>> {
    let made = world.roles().values().filter(|role| !role.is_imported());
    let things = made.map(|role| {
        let last = ArnParts::parse(&role.arn).map_or("", |arn| arn.resource);
        let name = last.rsplit('/').next().unwrap_or_default();
        let mut names = vec![last.to_owned(), format!("role/{name}"), name.to_owned()];
        // SAM creates a function's role under a logical id of its own.
        let implied = world.gaps().into_iter().flat_map(|gaps| &gaps.implied);
        for (_, id) in implied.filter(|(arn, _)| *arn == role.arn) {
            names.extend([id.clone(), format!("{}#{id}", role.trust.origin.stack)]);
        }
        Thing::new(&role.arn, &role.trust.origin, names)
    });
    things.collect()
}

/// The single match. Fails if there is none, or if there are several.
fn sole<'t, 'w>(
    name: &str,
    kind: &'static str,
    found: &[&'t Thing<'w>],
    all: &'t [Thing<'w>],
) -> Result<&'t Thing<'w>, QuestionError> {
    let arns: BTreeSet<&str> = found.iter().map(|thing| thing.arn).collect();
    match found {
        [one, ..] if arns.len() == 1 => Ok(*one),
        [] => {
            let known: Vec<String> = all
                .iter()
                .flat_map(|thing| thing.names.first().cloned().into_iter().chain([thing.full()]))
                .collect();
            let like = nearest(name, known.iter().map(String::as_str));
            let hint = match like {
                Some(like) => format!("did you mean {like}?"),
                None if known.is_empty() => "expected an ARN".to_owned(),
                None => {
                    let known: Vec<String> = all.iter().take(SHOWN).map(Thing::full).collect();
                    format!("expected an ARN, or a name such as {}", known.join(", "))
                }
            };
            Err(QuestionError::OfTemplates { name: name.to_owned(), kind, expected: hint })
        }
        several => {
            let names: Vec<String> = several.iter().map(|thing| thing.full()).collect();
            Err(QuestionError::Several { name: name.to_owned(), known: names.join(", ") })
        }
    }
}
