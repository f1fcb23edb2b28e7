//! Parses policy documents, strictly for generated templates and leniently for third-party ones.

use lakewright_template::arn::ArnParts;
use lakewright_template::resolve::{Resolved, UNKNOWN};

use super::{
    Actions, Condition, Document, DocumentError, DocumentProblem, ElementProblem, Malformed,
    OpenText, Origin, PrincipalEntry, Principals, Statement, StatementProblem,
};
use crate::action::Action;

impl Document {
    /// Parses a document of a generated template.
    ///
    /// # Errors
    ///
    /// If the value is not a policy document, or a part of it is known only at deployment.
    pub fn parse(document: &Resolved<'_>, origin: Origin) -> Result<Self, DocumentError> {
        let fail = |problem: DocumentProblem| DocumentError { origin: origin.clone(), problem };
        if document.as_map().is_none() {
            return Err(fail(DocumentProblem::NoObject(kind(document))));
        }
        if let Some(wrong) = not_of_document(document) {
            return Err(fail(wrong));
        }
        let has_variables = document.get("Version").as_text() == Some("2012-10-17");
        let mut statements = Vec::new();
        for (place, statement) in items_of(document, "Statement").iter().enumerate() {
            let parsed = Statement::parse(statement, place, Known::All);
            statements.push(parsed.map_err(|problem| fail(problem.into()))?);
        }
        Ok(Self { origin, has_variables, statements, is_partial: false })
    }

    /// Parses a document of a third-party template. Malformed statements are returned separately.
    pub(crate) fn read(document: &Resolved<'_>, origin: &Origin) -> (Self, Vec<Malformed>) {
        let wrong = |problem: DocumentProblem| Malformed { origin: origin.clone(), problem };
        let mut read = Self {
            origin: origin.clone(),
            has_variables: true,
            statements: Vec::new(),
            is_partial: false,
        };
        // Some resource types take a policy as a JSON string.
        if let Some(text) = document.as_text().filter(|text| text.trim_start().starts_with('{')) {
            return match serde_json::from_str::<serde_json::Value>(text) {
                Ok(plain) => Self::read(&Resolved::from(&plain), origin),
                // A part of the string may be known only at deployment.
                Err(_) if text.contains(UNKNOWN) => (Self { is_partial: true, ..read }, Vec::new()),
                Err(error) => (read, vec![wrong(DocumentProblem::NoJson(error.to_string()))]),
            };
        }
        let mut malformed = Vec::new();
        // A macro can add elements or statements.
        read.is_partial = is_open(document);
        if document.as_map().is_none() {
            read.is_partial = true;
            if !is_open(document) {
                malformed.push(wrong(DocumentProblem::NoObject(kind(document))));
            }
            return (read, malformed);
        }
        read.has_variables = document.get("Version").as_text() == Some("2012-10-17");
        for (place, statement) in items_of(document, "Statement").iter().enumerate() {
            match Statement::parse(statement, place, Known::Partly) {
                Ok(parsed) => {
                    read.is_partial |= is_open(statement) || parsed.has_unknown_part();
                    read.statements.push(parsed);
                }
                Err(_) if is_open(statement) => read.is_partial = true,
                Err(problem) => {
                    read.is_partial = true;
                    malformed.push(wrong(problem.into()));
                }
            }
        }
        (read, malformed)
    }

    /// Wraps the statement of an event bus policy in a document.
    pub fn around(statement: Resolved<'_>) -> Resolved<'_> {
        let version = Resolved::Text("2012-10-17".into());
        Resolved::Map(vec![("Statement", statement), ("Version", version)])
    }
}

/// Which of a template's values are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    All,
    /// Some parts are known only at deployment.
    Partly,
}

impl Statement {
    fn parse(
        statement: &Resolved<'_>,
        place: usize,
        known: Known,
    ) -> Result<Self, StatementProblem> {
        let Some(elements) = statement.as_map() else {
            return Err(StatementProblem::NoObject { place, got: kind(statement) });
        };
        let has = |element: &str| elements.iter().any(|(key, _)| *key == element);
        let sid = statement.get("Sid").as_text().filter(|sid| !sid.is_empty());
        let sid = sid.map_or_else(|| place.to_string(), str::to_owned);
        let wrong = |problem: ElementProblem| {
            let source = Box::new(problem);
            StatementProblem::Element { sid: sid.clone(), source }
        };
        let is_told = |element: &Resolved<'_>| known == Known::All || !is_open(element);
        let effect = statement.get("Effect");
        let is_allow = match effect.as_text() {
            Some("Allow") => true,
            Some("Deny") => false,
            // An effect that is unknown until deployment may be `Allow`.
            Some(_) if !is_told(effect) => true,
            Some(other) => return Err(wrong(ElementProblem::Effect(other.to_owned()))),
            None => return Err(StatementProblem::NoEffect(sid)),
        };
        // A macro can add elements.
        let is_known = |key: &str| names_of_elements(key, known);
        if let Some((key, _)) = elements.iter().find(|(key, _)| !is_known(key)) {
            return Err(wrong(ElementProblem::Unknown((*key).to_owned())));
        }
        let texts = |element: &'static str| texts(statement, element, known).map_err(&wrong);
        let not_actions = has("NotAction");
        let (mut names, mut patterns) = (Vec::new(), Vec::new());
        for action in texts(if not_actions { "NotAction" } else { "Action" })? {
            if action.contains(['*', '?']) {
                patterns.push(action.to_ascii_lowercase());
            } else {
                names.push(Action::new(&action));
            }
        }
        let actions = Actions::new(names, patterns);
        let not_resources = has("NotResource");
        let mut resources = texts(if not_resources { "NotResource" } else { "Resource" })?;
        if !has("Principal") && !has("NotPrincipal") {
            resources.iter_mut().for_each(complete);
        }
        let principals = match (has("Principal"), has("NotPrincipal")) {
            (true, _) => Some((statement.get("Principal"), false)),
            (false, true) => Some((statement.get("NotPrincipal"), true)),
            (false, false) => None,
        };
        let principals = principals
            .map(|(element, is_not)| {
                let entries = entries(element, known).map_err(&wrong)?;
                Ok::<_, StatementProblem>(Principals { entries, is_not })
            })
            .transpose()?;
        let conditions = if has("Condition") {
            conditions(statement.get("Condition"), known).map_err(&wrong)?
        } else {
            Vec::new()
        };
        Ok(Self {
            sid,
            is_allow,
            principals,
            actions,
            not_actions,
            resources,
            not_resources,
            conditions,
            is_certain: is_told(effect),
        })
    }
}

/// The texts of an element of a statement.
fn texts(
    statement: &Resolved<'_>,
    element: &'static str,
    known: Known,
) -> Result<Vec<String>, ElementProblem> {
    let mut texts = Vec::new();
    for item in items_of(statement, element) {
        let Some(text) = item.as_text() else {
            return Err(ElementProblem::NoText { element, got: kind(item) });
        };
        let text = deployed(text.to_owned(), known)
            .map_err(|source| ElementProblem::Open { of: element.to_owned(), source })?;
        texts.push(text);
    }
    Ok(texts)
}

/// The conditions of a statement. One that nobody knows may hold or not.
fn conditions(element: &Resolved<'_>, known: Known) -> Result<Vec<Condition>, ElementProblem> {
    let open = || Condition::new(UNKNOWN, UNKNOWN, Vec::new());
    let wrong = |value: &Resolved<'_>| ElementProblem::Condition(kind(value));
    let is_unknown = |value: &Resolved<'_>| known == Known::Partly && is_open(value);
    if is_unknown(element) {
        return Ok(vec![open()]);
    }
    let mut conditions = Vec::new();
    for (operator, keys) in element.as_map().ok_or_else(|| wrong(element))? {
        if is_unknown(keys) {
            conditions.push(open());
            continue;
        }
        for (key, values) in keys.as_map().ok_or_else(|| wrong(keys))? {
            let values = one_or_many(values).iter().map(|value| match value {
                Resolved::Text(text) => deployed(text.to_string(), known),
                other => Ok(other.clone().into_plain().to_string()),
            });
            let values: Result<_, OpenText> = values.collect();
            let values =
                values.map_err(|source| ElementProblem::Open { of: (*key).to_owned(), source })?;
            conditions.push(Condition::new(operator, key, values));
        }
    }
    Ok(conditions)
}

/// Completes an ARN of an identity policy that has fewer than six fields.
///
/// Source: "IAM JSON policy elements: Resource", incomplete ARNs.
fn complete(resource: &mut String) {
    if resource.starts_with("arn:") {
        while ArnParts::parse(resource).is_none() {
            resource.push_str(":*");
        }
    }
}

/// Describes an element that a policy document cannot have, or a version that IAM does not support. Source: "IAM JSON
/// policy elements: Version".
fn not_of_document(document: &Resolved<'_>) -> Option<DocumentProblem> {
    const ELEMENTS: [&str; 3] = ["Id", "Statement", "Version"];
    let mut elements = document.as_map().into_iter().flatten();
    let other = elements.find(|(key, _)| !ELEMENTS.contains(key));
    if let Some((other, _)) = other {
        return Some(DocumentProblem::Element((*other).to_owned()));
    }
    match document.get("Version").as_text() {
        Some("2012-10-17" | "2008-10-17") => None,
        None if matches!(document.get("Version"), Resolved::Null) => None,
        Some(other) => Some(DocumentProblem::Version(other.to_owned())),
        None => Some(DocumentProblem::NoVersion),
    }
}

/// Whether a statement can have this element. With partly known values, a macro may be replaced by other elements.
fn names_of_elements(key: &str, known: Known) -> bool {
    const ELEMENTS: [&str; 9] = [
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    ];
    ELEMENTS.contains(&key) || known == Known::Partly && key.starts_with("Fn::")
}

/// The text as IAM receives it. The value of a dynamic reference is known only at deployment and can be anything.
fn deployed(text: String, known: Known) -> Result<String, OpenText> {
    let is_open = || text.contains('{') && (text.contains("{{resolve:") || text.contains(UNKNOWN));
    if known == Known::All && is_open() {
        return Err(OpenText(text));
    }
    Ok(text)
}

/// Whether the whole value is known only at deployment.
fn is_open(value: &Resolved<'_>) -> bool {
    value.as_text() == Some(UNKNOWN)
        || value.as_map().is_some_and(|map| map.iter().any(|(key, _)| key.starts_with("Fn::")))
}

fn entries(element: &Resolved<'_>, known: Known) -> Result<Vec<PrincipalEntry>, ElementProblem> {
    if element.as_text() == Some("*") {
        return Ok(vec![PrincipalEntry::Everyone]);
    }
    if known == Known::Partly && is_open(element) {
        return Ok(vec![PrincipalEntry::Arn(UNKNOWN.to_owned())]);
    }
    let Some(kinds) = element.as_map() else {
        return Err(ElementProblem::Principal(kind(element)));
    };
    if kinds.is_empty() {
        return Err(ElementProblem::NoPrincipal);
    }
    let mut entries = Vec::new();
    for (of, values) in kinds {
        for value in one_or_many(values) {
            let Some(text) = value.as_text() else {
                return Err(ElementProblem::PrincipalText(kind(value)));
            };
            let text = deployed(text.to_owned(), known)?;
            entries.push(match *of {
                "AWS" if text == "*" => PrincipalEntry::Everyone,
                "AWS" => match account_of_root(&text) {
                    Some(account) => PrincipalEntry::Account(account),
                    None => PrincipalEntry::Arn(text),
                },
                "Service" => PrincipalEntry::Service(text),
                "CanonicalUser" => PrincipalEntry::CanonicalUser(text),
                "Federated" => PrincipalEntry::Federated(text),
                other => return Err(ElementProblem::PrincipalKind(other.to_owned())),
            });
        }
    }
    Ok(entries)
}

/// The account, if the principal is a whole account.
fn account_of_root(text: &str) -> Option<String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    match ArnParts::parse(text)? {
        ArnParts { service: "iam", region: "", account, resource: "root", .. } => {
            Some(account.to_owned())
        }
        _ => None,
    }
}

/// The items of a list; a single value is a list of one.
fn one_or_many<'r, 'v>(value: &'r Resolved<'v>) -> &'r [Resolved<'v>] {
    value.as_list().unwrap_or(std::slice::from_ref(value))
}

/// The items of an element; empty if it is missing.
fn items_of<'r, 'v>(object: &'r Resolved<'v>, element: &str) -> &'r [Resolved<'v>] {
    let mut elements = object.as_map().into_iter().flatten();
    let found = elements.find(|(key, _)| *key == element);
    found.map_or(&[], |(_, value)| one_or_many(value))
}

fn kind(value: &Resolved<'_>) -> &'static str {
    match value {
        Resolved::Null => "null",
        Resolved::Bool(_) => "true or false",
        Resolved::Number(_) => "a number",
        Resolved::Text(_) => "text",
        Resolved::List(_) => "a list",
        Resolved::Map(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Qualifier;
    use super::*;

    #[test]
    fn a_document_is_read_in_all_its_forms() {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "arn:aws:iam::1:role/r"]},
            "NotAction": ["s3:*", "S3:getobject"], "Resource": "*",
            "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}}});
        let read = Document::parse(&(&document).into(), Origin::default()).expect("a document");
        let statement = &read.statements[0];
        assert!(read.has_variables && !statement.is_allow && statement.not_actions);
        assert!(statement.actions.contain(Action::new("s3:GetObject")));
        assert!(!statement.actions.contain(Action::new("kms:Decrypt")));
        let principals = statement.principals.as_ref().expect("principals");
        assert!(principals.is_not);
        assert_eq!(principals.entries[0], PrincipalEntry::Account("111122223333".to_owned()));
        let condition = &statement.conditions[0];
        assert_eq!(condition.qualifier, Some(Qualifier::ForAnyValue));
        assert!(condition.if_exists);
        assert_eq!(condition.key, "aws:tagkeys");
    }

    /// Source: "AWS::SecretsManager::ResourcePolicy" and others in the CloudFormation template reference, whose policies may be
    /// text: it is the JSON that counts.
    #[test]
    fn a_document_as_text_is_what_its_json_says() {
        let plain = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]});
        let text = json!(plain.to_string());
        let origin = Origin::default();
        let expected = Document::read(&(&plain).into(), &origin);
        assert_eq!(expected.0.statements.len(), 1);
        assert_eq!(Document::read(&(&text).into(), &origin), expected);
        let broken = json!("{\"Version\": ");
        assert_eq!(Document::read(&(&broken).into(), &origin).1.len(), 1);
    }

    #[test]
    fn what_is_no_document_says_what_it_is() {
        for (document, expected) in [
            (json!([]), "got a list"),
            (json!({"Statement": "x"}), "statement 0 is text"),
            (json!({"Statement": [{"Effect": "allow"}]}), "expected Allow or Deny"),
            (json!({"Statement": [{"Effect": "Allow", "Actions": "x"}]}), "`Actions`"),
            (json!({"Statement": [{"Effect": "Allow", "Action": 7}]}), "holds a number"),
            (json!({"Statement": [{"Effect": "Allow", "Principal": {"Who": "x"}}]}), "`Who`"),
        ] {
            let error =
                Document::parse(&(&document).into(), Origin::default()).expect_err("no document");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    /// What `lakewright check --assembly` printed of templates with such policies, and `lakewright access --scp` of such a file.
    #[test]
    fn an_error_names_the_statement_and_the_element() {
        let open = "{{resolve:ssm:x}}";
        for (elements, expected) in [
            (json!({"Effect": "allow"}), "got effect `allow`, expected Allow or Deny"),
            (json!({"Actions": "x"}), "`Actions` is not an element of a statement"),
            (json!({"Action": 7}), "`Action` holds a number, expected text"),
            (json!({"Resource": ["*", {}]}), "`Resource` holds an object, expected text"),
            (json!({"Principal": 7}), "the principal is a number, expected `*` or an object"),
            (
                json!({"Principal": {}}),
                "the principal is an empty object, expected whom the statement is for",
            ),
            (json!({"Principal": {"AWS": [7]}}), "a principal is a number, expected text"),
            (json!({"Principal": {"Who": "x"}}), "`Who` is no kind of principal"),
            (json!({"Condition": 7}), "`Condition` holds a number, expected an object"),
            (
                json!({"Resource": open}),
                "`Resource` holds `{{resolve:ssm:x}}`, which is only known at deployment",
            ),
            (
                json!({"Condition": {"StringEquals": {"aws:a": open}}}),
                "`aws:a` holds `{{resolve:ssm:x}}`, which is only known at deployment",
            ),
            (
                json!({"Principal": {"AWS": open}}),
                "holds `{{resolve:ssm:x}}`, which is only known at deployment",
            ),
        ] {
            let mut statement = json!({"Sid": "A", "Effect": "Allow", "Action": "*"});
            for (key, value) in elements.as_object().expect("elements") {
                statement[key] = value.clone();
            }
            let document = json!({ "Statement": statement });
            let error =
                Document::parse(&(&document).into(), Origin::default()).expect_err("no document");
            assert_eq!(error.problem.to_string(), format!("statement `A`: {expected}"));
        }
    }
}
