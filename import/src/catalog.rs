//! Datasets.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::name::{CatalogName, KeyAlias, Schedule};
use lakewright_template::{ResourceEntry, Value};

use crate::deployed::{Deployed, OldKind, OldStack};
use crate::environments::{Surroundings, left_out};
use crate::mesh::{Place, set_header};
use crate::yaml::{Document, Field};
use crate::{Gap, ids};

/// The resource with which data.all makes a Glue database and its permissions.
pub(crate) const GLUE_DATABASE: &str = "Custom::GlueDatabase";

/// The datasets, and the names of what they import.
pub(crate) fn documents(
    deployed: &Deployed,
    around: &Surroundings<'_>,
    gaps: &mut Vec<Gap>,
    placed: &mut BTreeMap<String, Place>,
) -> (Vec<Document>, BTreeSet<String>) {
    let stacks: Vec<&OldStack> = deployed.of_kind(OldKind::Dataset).collect();
    let all = ids::of(stacks.iter().map(|stack| (stack.label.as_str(), stack.uri.as_str())));
    let mut names = BTreeSet::new();
    let mut documents = Vec::new();
    for (stack, id) in stacks.into_iter().zip(all) {
        let Some(bucket) = bucket(stack) else {
            gaps.push(left_out(stack, "no resource shows the name of its bucket"));
            continue;
        };
        match around.place(stack) {
            Ok((environment, team)) => {
                let mut document = Document::new("Dataset", &id);
                set_header(&mut document, stack);
                document.set("environment", environment);
                document.set("team", team);
                fill(&mut document, stack, around, &bucket, &mut names, gaps);
                let place = Place {
                    kind: "dataset",
                    id,
                    environment: environment.to_owned(),
                    teams: BTreeMap::new(),
                };
                placed.insert(stack.address(), place);
                documents.push(document);
            }
            Err(gap) => gaps.push(gap),
        }
    }
    (documents, names)
}

fn fill(
    document: &mut Document,
    stack: &OldStack,
    around: &Surroundings<'_>,
    bucket: &str,
    names: &mut BTreeSet<String>,
    gaps: &mut Vec<Gap>,
) {
    let level = confidentiality(stack, document, gaps);
    document.set("confidentiality", level);
    document.comment("Topics and keywords are in data.all's database: these are placeholders.");
    document.set("topics", Field::texts(["imported"]));
    document.set("keywords", Field::texts(["imported"]));
    for (field, kind, path) in [
        ("crawler", "AWS::Glue::Crawler", &["Schedule", "ScheduleExpression"][..]),
        ("profiling", "AWS::Glue::Trigger", &["Schedule"]),
    ] {
        let Some(text) = stack.of_type(kind).find_map(|(_, one)| stack.text_at(one, path)) else {
            continue;
        };
        if Schedule::parse(&text).is_ok() {
            document.set(field, Field::map([("schedule", Field::from(text))]));
        } else {
            gaps.push(Gap::new(
                stack.address(),
                format!("the schedule `{text}` of its {field} has another form than `cron(...)`"),
                "write the schedule in that form",
            ));
        }
    }
    let mut import = vec![("bucket", Field::from(bucket))];
    names.insert(bucket.to_owned());
    if let Some(alias) = alias(stack, around, document, gaps) {
        names.insert(alias.clone());
        import.push(("kms_key_alias", alias.into()));
    }
    match database(stack) {
        Some(name) if CatalogName::parse(&name).is_ok() => {
            names.insert(name.clone());
            import.push(("glue_database", name.into()));
        }
        other => gaps.push(Gap::new(
            stack.address(),
            format!(
                "the name of its Glue database is {}; the mesh makes a database",
                other.as_deref().unwrap_or("in no resource")
            ),
            "set `import.glue_database`",
        )),
    }
    if stack.of_type("AWS::LakeFormation::Resource").next().is_none() {
        document.comment(
            "data.all did not register the bucket with Lake Formation, because others had.",
        );
        import.push(("register_location", Field::Flag(false)));
    }
    document.set("import", Field::map(import));
}

/// data.all's three levels; a level of its own and none at all become the highest.
fn confidentiality(stack: &OldStack, document: &mut Document, gaps: &mut Vec<Gap>) -> &'static str {
    let given = stack.tags.get("Classification").map(|level| level.to_lowercase());
    match given.as_deref() {
        Some("unclassified") => "unclassified",
        Some("official") => "official",
        Some("secret") => "secret",
        other => {
            document.comment("The confidentiality is not known, so the highest was written.");
            gaps.push(Gap::new(
                stack.address(),
                format!(
                    "its tag `Classification` is {}; `secret` was written",
                    other.map_or("not there".to_owned(), |level| format!("`{level}`"))
                ),
                "set `confidentiality`",
            ));
            "secret"
        }
    }
}

/// The name of the bucket: of the bucket that the stack makes, or of the one that the database and the crawler point to.
fn bucket(stack: &OldStack) -> Option<String> {
    let made =
        stack.of_type("AWS::S3::Bucket").find_map(|(_, one)| stack.text_at(one, &["BucketName"]));
    made.or_else(|| {
        let (_, database) = stack.of_type(GLUE_DATABASE).next()?;
        let uri = stack.text_at(database, &["DatabaseInput", "LocationUri"])?;
        uri.strip_prefix("s3://")?.split('/').next().map(str::to_owned)
    })
}

/// The name of the Glue database.
pub(crate) fn database(stack: &OldStack) -> Option<String> {
    let (_, one) = stack.of_type(GLUE_DATABASE).next()?;
    stack.text_at(one, &["DatabaseInput", "Name"])
}

/// The alias of the key that encrypts the bucket, without `alias/`.
fn alias(
    stack: &OldStack,
    around: &Surroundings<'_>,
    document: &mut Document,
    gaps: &mut Vec<Gap>,
) -> Option<String> {
    let key = stack.of_type("AWS::S3::Bucket").next().map(|(_, bucket)| key_of(bucket));
    if let Some(key) = key {
        let key = key?;
        let found = stack.of_type("AWS::KMS::Alias").find_map(|(_, alias)| {
            let target = alias.properties.get("TargetKeyId")?;
            let is_it = crate::literal::references(target).contains(&key.as_str());
            is_it.then(|| stack.text_at(alias, &["AliasName"]))?
        })?;
        return found.strip_prefix("alias/").map(str::to_owned);
    }
    if !uses_key(stack) {
        return None;
    }
    let environment = stack.tagged_uri("Environment").and_then(|(_, uri)| around.stack(uri));
    let candidates = environment.map(imported_aliases).unwrap_or_default();
    let mut valid = candidates.iter().filter(|alias| KeyAlias::parse(alias).is_ok());
    if let (Some(only), None) = (valid.next(), valid.next()) {
        document
            .comment("The alias is the only one of an imported key in the environment's template.");
        return Some(only.clone());
    }
    let listed: Vec<&str> = candidates.iter().map(String::as_str).collect();
    document.comment(
        "The bucket has an imported key, whose alias is not known: set import.kms_key_alias.",
    );
    gaps.push(Gap::new(
        stack.address(),
        format!(
            "the alias of its imported key is not in the template; it is one of: {}",
            listed.join(", ")
        ),
        "set `import.kms_key_alias`: without it, nobody of the mesh can decrypt the objects",
    ));
    None
}

/// The logical id of a bucket's key.
fn key_of(bucket: &ResourceEntry) -> Option<String> {
    let encryption = bucket.properties.get("BucketEncryption")?;
    let mut found = None;
    encryption.walk(&mut |one| {
        let id = one.as_map().and_then(|map| map.get("KMSMasterKeyID"));
        if let Some(id) = id.map(crate::literal::references) {
            found = id.first().map(|id| (*id).to_owned()).or(found.take());
        }
    });
    found
}

/// Whether the dataset's policy names a key.
fn uses_key(stack: &OldStack) -> bool {
    let mut is_used = false;
    for (_, policy) in stack.of_type("AWS::IAM::Policy") {
        let document = policy.properties.get("PolicyDocument");
        if let Some(document) = document {
            document.walk(&mut |one| {
                is_used |=
                    one.as_map().and_then(|map| map.get("Sid")?.as_text()) == Some("KMSAccess");
            });
        }
    }
    is_used
}

/// The aliases of imported keys that the roles of an environment may use.
fn imported_aliases(environment: &OldStack) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, role) in environment.of_type("AWS::IAM::Role") {
        let Some(policies) = role.properties.get("Policies") else { continue };
        policies.walk(&mut |one| {
            let Some(aliases) = one.as_map().and_then(|map| map.get("kms:ResourceAliases")) else {
                return;
            };
            aliases.walk(&mut |alias| {
                let name = alias.as_text().and_then(|text| text.strip_prefix("alias/"));
                found.extend(name.map(str::to_owned));
            });
        });
    }
    found
}

/// data.all's own region, which profiling jobs are told.
pub(crate) fn home_region(stack: &OldStack) -> Option<String> {
    let (_, job) = stack.of_type("AWS::Glue::Job").next()?;
    let arguments = job.properties.get("DefaultArguments")?;
    arguments.as_map()?.get("--dataallRegion").and_then(Value::as_text).map(str::to_owned)
}
