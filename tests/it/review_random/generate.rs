//! Random templates, and random changes of them.

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_template::place::Place;
use lakewright_template::read;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const OTHER: &str = "444455556666";
pub(super) const ONE: &str = "arn:aws:iam::111122223333:role/one";
pub(super) const TWO: &str = "arn:aws:iam::444455556666:role/two";
pub(super) const TARGET: &str = "arn:aws:iam::111122223333:role/target";
pub(super) const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/point";

/// The documents: the policies of the roles `one` and `two`, of the bucket, its access point and the key, the trust
/// policy of the role `target`, and the boundary of the role `one`, which has none if this one is empty.
const DOCUMENTS: usize = 7;
const BUCKET: usize = 2;
const POINT_POLICY: usize = 3;
const KEY: usize = 4;
const TRUST: usize = 5;
const BOUNDARY: usize = 6;

/// A statement. It has elements that not every document takes: see [`Statement::json`].
#[derive(Debug, Clone)]
struct Statement {
    is_allow: bool,
    actions: Vec<&'static str>,
    resources: Vec<Index>,
    condition: Option<Value>,
    principal: Value,
    /// Whether actions, resources and principals are exceptions.
    is_not: [bool; 3],
}

/// The templates.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    documents: [Vec<Statement>; DOCUMENTS],
    /// The tag `Team` of the role `one` and of the bucket.
    tags: [Option<&'static str>; 2],
    /// The Lake Formation permissions of the role `one` on a table.
    permissions: Vec<&'static str>,
}

/// A change. The indexes choose the document and the statement.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Add(Index, Box<AnyStatement>),
    Remove(Index, Index),
    Effect(Index, Index),
    Actions(Index, Index, Vec<&'static str>),
    Resources(Index, Index, Vec<Index>),
    Principal(Index, Index, Value),
    Condition(Index, Index, Option<Value>),
    Tag(Index, Option<&'static str>),
    Permissions(Vec<&'static str>),
}

/// A statement of an edit.
#[derive(Debug, Clone)]
pub(super) struct AnyStatement(Statement);

/// A change that keeps the meaning.
#[derive(Debug, Clone)]
pub(super) enum Rewriting {
    /// All statements in the reverse order.
    Reorder,
    /// One statement for each action and each resource.
    Split,
    /// Each statement twice.
    Repeat,
    /// An action beside a wildcard that covers it.
    Redundant,
}

fn actions() -> impl Strategy<Value = Vec<&'static str>> {
    let action = prop_oneof![
        20 => select(vec![
            "s3:GetObject",
            "s3:Get*",
            "s3:PutObject",
            "s3:ListBucket",
            "s3:*",
            "kms:Decrypt",
            "kms:*",
            "sts:AssumeRole",
            "lakeformation:GetDataAccess",
        ]),
        1 => Just("*"),
    ];
    prop::collection::vec(action, 1..3)
}

/// The resources that a document can name. A trust policy names none.
fn resources_of(document: usize) -> &'static [&'static str] {
    match document {
        BUCKET => &[
            "arn:aws:s3:::data",
            "arn:aws:s3:::data/*",
            "arn:aws:s3:::data/a/*",
            "arn:aws:s3:::data/${aws:PrincipalTag/Team}/*",
            "arn:aws:s3:::data/${aws:RequestTag/Team}/*",
        ],
        POINT_POLICY => &[
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/point",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/point/object/*",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/point/object/a/*",
        ],
        KEY => &["*"],
        TRUST => &[],
        _ => &[
            "*",
            "arn:aws:s3:::data",
            "arn:aws:s3:::data/*",
            "arn:aws:s3:::data/a/*",
            "arn:aws:s3:::d*a/b/*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::data/${aws:PrincipalTag/Team}/*",
            "arn:aws:s3:::data/${aws:RequestTag/Team, 'a'}/*",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/point/object/*",
            "arn:aws:kms:eu-west-1:111122223333:key/*",
            "arn:aws:kms:*:*:key/*",
            TARGET,
        ],
    }
}

fn of(
    operators: &[&'static str],
    keys: &[&'static str],
    values: &[&'static str],
) -> BoxedStrategy<Value> {
    let values = prop::collection::vec(select(values.to_vec()), 1..3);
    (select(operators.to_vec()), select(keys.to_vec()), values)
        .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
        .boxed()
}

fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => of(
            &["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "StringNotLike"],
            &["aws:RequestTag/Team", "aws:PrincipalTag/Team", "aws:ResourceTag/Team", "sts:ExternalId"],
            &["a", "b", "a*"],
        ),
        1 => of(
            &["StringEquals", "StringNotEquals"],
            &["aws:PrincipalAccount", "s3:DataAccessPointAccount"],
            &[ACCOUNT, OTHER],
        ),
        1 => of(
            &["ArnLike", "ArnNotLike", "StringLike"],
            &["aws:PrincipalArn"],
            &[ONE, TWO, "arn:aws:iam::*:role/t*"],
        ),
        1 => of(
            &["NumericLessThan", "NumericGreaterThanEquals", "NumericEquals"],
            &["s3:max-keys"],
            &["5", "10"],
        ),
        1 => of(
            &["IpAddress", "NotIpAddress"],
            &["aws:SourceIp"],
            &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"],
        ),
        1 => of(&["Bool"], &["aws:SecureTransport", "aws:PrincipalIsAWSService"], &["true", "false"]),
        1 => of(&["Null"], &["aws:RequestTag/Team", "aws:PrincipalTag/Team"], &["true", "false"]),
        1 => of(
            &["ForAllValues:StringEquals", "ForAnyValue:StringLike"],
            &["aws:TagKeys"],
            &["a", "b*"],
        ),
    ]
}

fn principal() -> impl Strategy<Value = Value> {
    select(vec![
        json!("*"),
        json!({ "AWS": ACCOUNT }),
        json!({ "AWS": format!("arn:aws:iam::{OTHER}:root") }),
        json!({ "AWS": ONE }),
        json!({ "AWS": [TWO, TARGET] }),
        json!({ "AWS": [format!("arn:aws:iam::{ACCOUNT}:root"), ONE] }),
        json!({ "Service": "glue.amazonaws.com" }),
    ])
}

fn statement() -> impl Strategy<Value = Statement> {
    let is_not = || prop::bool::weighted(0.08);
    let parts = (
        prop::bool::weighted(0.7),
        actions(),
        prop::collection::vec(any::<Index>(), 1..3),
        prop::option::weighted(0.4, condition()),
        principal(),
        [is_not(), is_not(), is_not()],
    );
    parts.prop_map(|(is_allow, actions, resources, condition, principal, is_not)| Statement {
        is_allow,
        actions,
        resources,
        condition,
        principal,
        is_not,
    })
}

fn tag() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(select(vec!["a", "b"]))
}

fn permissions() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["SELECT", "INSERT", "DESCRIBE"], 0..3)
}

pub(super) fn templates() -> impl Strategy<Value = Templates> {
    let document = || prop::collection::vec(statement(), 0..4);
    let own = [document(), document(), document(), document(), document(), document()];
    let boundary =
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(statement(), 1..3)];
    (own, boundary, [tag(), tag()], permissions()).prop_map(|(own, boundary, tags, permissions)| {
        let [one, two, bucket, point, key, trust] = own;
        Templates { documents: [one, two, bucket, point, key, trust, boundary], tags, permissions }
    })
}

pub(super) fn edit() -> impl Strategy<Value = Edit> {
    let place = || (any::<Index>(), any::<Index>());
    let resources = prop::collection::vec(any::<Index>(), 1..3);
    prop_oneof![
        (any::<Index>(), statement())
            .prop_map(|(document, new)| Edit::Add(document, Box::new(AnyStatement(new)))),
        place().prop_map(|(document, number)| Edit::Remove(document, number)),
        place().prop_map(|(document, number)| Edit::Effect(document, number)),
        (place(), actions())
            .prop_map(|((document, number), new)| Edit::Actions(document, number, new)),
        (place(), resources)
            .prop_map(|((document, number), new)| Edit::Resources(document, number, new)),
        (place(), principal())
            .prop_map(|((document, number), new)| Edit::Principal(document, number, new)),
        (place(), prop::option::of(condition()))
            .prop_map(|((document, number), new)| Edit::Condition(document, number, new)),
        (any::<Index>(), tag()).prop_map(|(whose, new)| Edit::Tag(whose, new)),
        permissions().prop_map(Edit::Permissions),
    ]
}

pub(super) fn rewriting() -> impl Strategy<Value = Rewriting> {
    select(vec![Rewriting::Reorder, Rewriting::Split, Rewriting::Repeat, Rewriting::Redundant])
}

impl Statement {
    fn json(&self, document: usize) -> Value {
        let [not_action, not_resource, not_principal] = self.is_not;
        let mut statement = json!({ "Effect": if self.is_allow { "Allow" } else { "Deny" } });
        statement[if not_action { "NotAction" } else { "Action" }] = json!(self.actions);
        let known = resources_of(document);
        if !known.is_empty() {
            let named: Vec<&str> = self.resources.iter().map(|index| *index.get(known)).collect();
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(named);
        }
        if let Some(condition) = &self.condition {
            statement["Condition"] = condition.clone();
        }
        if (BUCKET..=TRUST).contains(&document) {
            // AWS's pages leave open which denials with exceptions for a role alone apply to the role.
            let is_list = self.principal.get("AWS").is_some_and(Value::is_array);
            let element = if not_principal && is_list && self.is_allow {
                "NotPrincipal"
            } else {
                "Principal"
            };
            statement[element] = self.principal.clone();
        }
        statement
    }

    /// Statements with one action and one resource each, which say the same.
    fn split(&self) -> Vec<Self> {
        let [not_action, not_resource, _] = self.is_not;
        let by_action: Vec<Self> = if not_action {
            vec![self.clone()]
        } else {
            let one = |action: &&'static str| Self { actions: vec![*action], ..self.clone() };
            self.actions.iter().map(one).collect()
        };
        if not_resource {
            return by_action;
        }
        let by_resource = |statement: &Self| {
            let one = |index: &Index| Self { resources: vec![*index], ..statement.clone() };
            statement.resources.iter().map(one).collect::<Vec<_>>()
        };
        by_action.iter().flat_map(by_resource).collect()
    }

    /// The statement with an action beside the wildcard that covers it.
    fn redundant(mut self) -> Self {
        let is_open = self.condition.is_some() || self.is_not.contains(&true);
        if !is_open && self.actions.contains(&"s3:*") {
            self.actions.push("s3:GetObject");
        }
        self
    }
}

impl Templates {
    /// The templates after a change. Without a statement where the edit is, nothing changes.
    pub(super) fn edited(&self, edit: &Edit) -> Self {
        let mut new = self.clone();
        let with =
            |new: &mut Self, document: &Index, number: &Index, edit: &dyn Fn(&mut Statement)| {
                let statements = document.get(&new.documents).len();
                if statements > 0 {
                    let place = document.index(DOCUMENTS);
                    edit(&mut new.documents[place][number.index(statements)]);
                }
            };
        match edit {
            Edit::Add(document, statement) => {
                new.documents[document.index(DOCUMENTS)].push(statement.0.clone());
            }
            Edit::Remove(document, number) => {
                let statements = &mut new.documents[document.index(DOCUMENTS)];
                if !statements.is_empty() {
                    statements.remove(number.index(statements.len()));
                }
            }
            Edit::Effect(document, number) => {
                with(&mut new, document, number, &|one| one.is_allow = !one.is_allow);
            }
            Edit::Actions(document, number, actions) => {
                with(&mut new, document, number, &|one| one.actions.clone_from(actions));
            }
            Edit::Resources(document, number, resources) => {
                with(&mut new, document, number, &|one| one.resources.clone_from(resources));
            }
            Edit::Principal(document, number, principal) => {
                with(&mut new, document, number, &|one| one.principal = principal.clone());
            }
            Edit::Condition(document, number, condition) => {
                with(&mut new, document, number, &|one| one.condition.clone_from(condition));
            }
            Edit::Tag(whose, tag) => new.tags[whose.index(2)] = *tag,
            Edit::Permissions(permissions) => new.permissions.clone_from(permissions),
        }
        new
    }

    /// The same access, written in another way.
    pub(super) fn rewritten(&self, rewriting: &Rewriting) -> Self {
        let mut new = self.clone();
        for statements in &mut new.documents {
            match rewriting {
                Rewriting::Reorder => statements.reverse(),
                Rewriting::Split => {
                    *statements = statements.iter().flat_map(Statement::split).collect();
                }
                Rewriting::Repeat => {
                    *statements = statements.iter().cloned().chain(statements.clone()).collect();
                }
                Rewriting::Redundant => {
                    *statements = statements.iter().cloned().map(Statement::redundant).collect();
                }
            }
        }
        new
    }

    /// The templates of both accounts, as JSON.
    pub(super) fn json(&self) -> [Value; 2] {
        let document = |number: usize| {
            let statements = self.documents[number].iter().map(|one| one.json(number));
            json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() })
        };
        let policies =
            |number: usize| json!([{ "PolicyName": "p", "PolicyDocument": document(number) }]);
        let tags = |number: usize| {
            let tag = self.tags[number].iter();
            tag.map(|value| json!({ "Key": "Team", "Value": value })).collect::<Vec<_>>()
        };
        let empty = json!({ "Version": "2012-10-17", "Statement": [] });
        let mut one = json!({
            "RoleName": "one", "AssumeRolePolicyDocument": empty, "Policies": policies(0), "Tags": tags(0),
        });
        let mut resources = json!({
            "Target": { "Type": "AWS::IAM::Role", "Properties": {
                "RoleName": "target", "AssumeRolePolicyDocument": document(TRUST) } },
            "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "data", "Tags": tags(1) } },
            "BucketPolicy": { "Type": "AWS::S3::BucketPolicy", "Properties": {
                "Bucket": "data", "PolicyDocument": document(BUCKET) } },
            "Point": { "Type": "AWS::S3::AccessPoint", "Properties": {
                "Name": "point", "Bucket": "data", "Policy": document(POINT_POLICY) } },
            "Key": { "Type": "AWS::KMS::Key", "Properties": { "KeyPolicy": document(KEY) } },
            "Alias": { "Type": "AWS::KMS::Alias", "Properties": {
                "AliasName": "alias/data", "TargetKeyId": { "Fn::GetAtt": ["Key", "Arn"] } } },
            "Database": { "Type": "AWS::Glue::Database", "Properties": { "CatalogId": ACCOUNT, "DatabaseInput": {
                "Name": "sales", "LocationUri": "s3://data/sales", "CreateTableDefaultPermissions": [] } } },
            "Table": { "Type": "AWS::Glue::Table", "Properties": {
                "CatalogId": ACCOUNT, "DatabaseName": "sales", "TableInput": { "Name": "t" } } },
        });
        if !self.permissions.is_empty() {
            resources["Permissions"] = json!({ "Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": {
                "Principal": { "DataLakePrincipalIdentifier": ONE },
                "Permissions": self.permissions, "PermissionsWithGrantOption": [],
                "Resource": { "Table": { "CatalogId": ACCOUNT, "DatabaseName": "sales", "Name": "t" } } } });
        }
        if !self.documents[BOUNDARY].is_empty() {
            one["PermissionsBoundary"] = json!(format!("arn:aws:iam::{ACCOUNT}:policy/limit"));
            resources["Limit"] = json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": {
                "ManagedPolicyName": "limit", "PolicyDocument": document(BOUNDARY) } });
        }
        resources["One"] = json!({ "Type": "AWS::IAM::Role", "Properties": one });
        let two = json!({ "Two": { "Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "two", "AssumeRolePolicyDocument": empty, "Policies": policies(1) } } });
        [json!({ "Resources": resources }), json!({ "Resources": two })]
    }

    /// The access that the templates give.
    pub(super) fn world(&self) -> World {
        let pieces = [ACCOUNT, OTHER].into_iter().zip(self.json()).map(|(account, template)| {
            let template = read::template(&template.to_string()).expect("a template");
            let place = Place::parse(account, "eu-west-1").expect("a place");
            let address = format!("{account}/eu-west-1/s");
            let unresolved = OnUnresolved::Fail;
            Piece::of(StackTemplate {
                address: &address,
                place: &place,
                template: &template,
                unresolved,
            })
            .expect("documents")
        });
        World::of(pieces.collect())
    }
}
