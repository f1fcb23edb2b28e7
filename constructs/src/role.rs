//! Roles: who may assume them, and the handle that receives grants.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::document::DocumentError;
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement, TrustPolicy};
use lakewright_synth::{
    Construct, Grantee, Options, PolicyOwner, PolicySlot, Record, Scope, Together,
};
use lakewright_template::resolve::Place;
use lakewright_template::{Arn, Expr, Map, Name, Ref, Value};

use crate::cfn::iam;
use crate::people::ByPeople;

/// Something that can receive access: a role of this stack, or one that is known by its ARN.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot receive permissions",
    label = "not a role",
    note = "grant to a `RoleHandle` or an `ImportedRole`"
)]
pub trait Receives: sealed::Sealed {
    /// Who it is.
    fn grantee(&self) -> &Grantee;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::RoleHandle {}
    impl Sealed for super::ImportedRole {}
}

/// Who may assume a role. At least one entry, so that no role is without a trust.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// A service, held to the role's account as far as the service says for whom it acts.
    Service(Service),
    /// Another role of the mesh, by ARN and name.
    Role {
        /// The role's ARN.
        arn: String,
        /// The name on the command line, such as `pivot-role/finance`.
        name: String,
        /// The sessions' tags and the external id are not looked at; this action is allowed.
        actions: &'static [&'static str],
    },
    /// A role that may come later than this one: its account is named, and held to the role by a
    /// condition. The role's own policy must allow it as well.
    Later {
        /// The role's ARN.
        arn: String,
        /// The name on the command line.
        name: String,
    },
    /// Roles of another account that give an external id.
    External {
        /// The account.
        account: String,
        /// The roles' ARNs.
        roles: Vec<String>,
        /// The external id.
        external_id: String,
    },
    /// People, by a statement of their way to the role.
    People(Box<ByPeople>),
}

/// How the statements of a role's identity policy are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policies {
    /// In one inline policy of this name.
    Inline(String),
    /// In managed policies whose names begin like this.
    Managed {
        /// How the names begin; a number follows.
        name: String,
        /// How many may be used.
        policies: usize,
    },
}

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// The role's name: 64 characters at most.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who it is on the command line, such as `team/finance/Analysts`.
    pub grantee: String,
    /// Who may assume it.
    pub trust: Vec<Trust>,
    /// How its statements are written.
    pub policies: Policies,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Tags besides those of the stack.
    pub tags: Vec<(&'static str, String)>,
}

/// A role of this stack.
#[derive(Debug, Clone)]
pub struct RoleHandle {
    reference: Ref<iam::Role>,
    grantee: Grantee,
}

/// A role that exists already, or that another stack makes. It cannot be deleted from here.
#[derive(Debug, Clone)]
pub struct ImportedRole {
    grantee: Grantee,
}

impl Receives for RoleHandle {
    fn grantee(&self) -> &Grantee {
        &self.grantee
    }
}

impl Receives for ImportedRole {
    fn grantee(&self) -> &Grantee {
        &self.grantee
    }
}

impl ImportedRole {
    /// A role by its ARN, with the name it has on the command line.
    pub fn new(arn: &str, name: &str) -> Self {
        let account = account_of(arn).to_owned();
        Self {
            grantee: Grantee {
                name: name.to_owned(),
                arn: Value::text(arn.to_owned()),
                known_arn: arn.to_owned(),
                account,
                identity: None,
                tag: None,
            },
        }
    }

    /// The same role, which carries the tag [`lakewright_synth::ROLE_TAG`] with this value.
    #[must_use]
    pub fn with_tag(self, value: String) -> Self {
        Self { grantee: Grantee { tag: Some(value), ..self.grantee } }
    }

    /// The role's ARN.
    pub fn arn(&self) -> Expr<Arn<iam::Role>> {
        Expr::known_arn(self.grantee.known_arn.clone())
    }

    /// The same role, whose grants go into a policy of this stack that is attached to it.
    #[must_use]
    pub fn with_policy(&self, policy: PolicySlot) -> Self {
        Self { grantee: Grantee { identity: Some(policy), ..self.grantee.clone() } }
    }
}

impl RoleHandle {
    /// The role's ARN.
    pub fn arn(&self) -> Expr<Arn<iam::Role>> {
        self.reference.attribute(&iam::Role::ARN)
    }

    /// The role's name.
    pub fn name(&self) -> Expr<Name<iam::Role>> {
        self.reference.name()
    }

    /// The role's identity policy.
    pub fn policy(&self) -> Option<PolicySlot> {
        self.grantee.identity
    }

    /// The same role, whose grants go into managed policies of their own, so that these change
    /// without the others.
    #[must_use]
    pub fn with_policies(&self, scope: &mut Scope<'_>, name: String, policies: usize) -> Self {
        let role = self.reference.name().into();
        let together = Together::Target;
        let owner = PolicyOwner::RoleManaged { role, name, policies, together };
        let identity = Some(scope.policy(owner, Vec::new()));
        Self { grantee: Grantee { identity, ..self.grantee.clone() }, ..self.clone() }
    }
}

impl Construct for Role {
    type Handle = RoleHandle;

    fn build(self, scope: &mut Scope<'_>) -> RoleHandle {
        let place = scope.spec().place.clone();
        let known_arn = role_arn(&place, &self.name);
        self.record_trust(scope, &place, &known_arn);
        // No request shows that a boundary is gone, as long as it takes nothing away: it is recorded.
        self.record_boundary(scope, &known_arn);
        let document =
            self.trust_document(&place).expect("each kind of trust gives a whole statement");
        let tags = self.tags.iter().map(|(key, value)| iam::RoleTag {
            key: Some((*key).into()),
            value: Some(value.clone().into()),
        });
        let resource = iam::Role {
            role_name: Some(self.name.clone().into()),
            description: Some(printable(&self.description).into()),
            assume_role_policy_document: Some(Expr::unchecked(document)),
            permissions_boundary: self.boundary.clone().map(Expr::unchecked),
            tags: Some(tags.collect()),
            ..iam::Role::default()
        };
        let reference = scope.resource(resource, Options::default());
        let role = Value::from(reference.name());
        let owner = match self.policies {
            Policies::Inline(name) => PolicyOwner::RoleInline { role, name },
            Policies::Managed { name, policies } => {
                PolicyOwner::RoleManaged { role, name, policies, together: Together::Name }
            }
        };
        let identity = scope.policy(owner, Vec::new());
        let grantee = Grantee {
            name: self.grantee,
            arn: reference.attribute(&iam::Role::ARN).into(),
            known_arn,
            account: place.account,
            identity: Some(identity),
            tag: None,
        };
        RoleHandle { reference, grantee }
    }
}

impl Role {
    fn trust_document(&self, place: &Place) -> Result<Value, DocumentError> {
        let statements = self.trust.iter().enumerate().map(|(number, trust)| match trust {
            Trust::Service(service) => {
                // `vpc-flow-logs` is no name of a statement.
                let words = service.principal.split('.').next().unwrap_or_default().split('-');
                let name: String = words
                    .flat_map(|word| {
                        word[..1]
                            .to_uppercase()
                            .chars()
                            .chain(word[1..].chars())
                            .collect::<Vec<_>>()
                    })
                    .collect();
                Statement::allow(format!("Service{name}"), ["sts:AssumeRole"], [""; 0])
                    .for_principals([Principal::Service(service.principal.into())])
                    .when(service.acting_for(&place.account))
            }
            Trust::Role { arn, actions, .. } => {
                Statement::allow(format!("Role{number}"), actions.iter().copied(), [""; 0])
                    .for_principals([Principal::Aws(arn.clone().into())])
            }
            Trust::Later { arn, .. } => {
                Statement::allow(format!("Later{number}"), ["sts:AssumeRole"], [""; 0])
                    .for_principals([Principal::Aws(root_arn(place, account_of(arn)).into())])
                    .when(Conditions::none().with(principal_is(std::slice::from_ref(arn))))
            }
            Trust::External { account, roles, external_id } => {
                Statement::allow(format!("External{number}"), ["sts:AssumeRole"], [""; 0])
                    .for_principals([Principal::Aws(root_arn(place, account).into())])
                    .when(external_conditions(roles, external_id))
            }
            Trust::People(people) => people.statement(),
        });
        Ok(TrustPolicy::new(statements.collect())?.into_value())
    }

    fn record_boundary(&self, scope: &mut Scope<'_>, known_arn: &str) {
        if let Some(boundary) = &self.boundary {
            scope.record(Record {
                principal: self.grantee.clone(),
                principal_arn: known_arn.to_owned(),
                access: "bounded",
                resource: self.grantee.clone(),
                actions: Vec::new(),
                resources: vec![boundary.clone()],
                conditions: Vec::new(),
            });
        }
    }

    fn record_trust(&self, scope: &mut Scope<'_>, place: &Place, known_arn: &str) {
        for trust in &self.trust {
            let assume = || vec!["sts:AssumeRole".into()];
            let (principal, principal_arn, actions, conditions) = match trust {
                Trust::Service(service) => (
                    format!("service/{}", service.principal),
                    service.principal.to_owned(),
                    assume(),
                    shown(&service.acting_for(&place.account)),
                ),
                Trust::Role { arn, name, actions } => (
                    name.clone(),
                    arn.clone(),
                    actions.iter().map(|action| (*action).into()).collect(),
                    Vec::new(),
                ),
                Trust::Later { arn, name } => (name.clone(), arn.clone(), assume(), Vec::new()),
                Trust::External { account, roles, external_id } => (
                    format!("account/{account}"),
                    root_arn(place, account),
                    assume(),
                    shown(&external_conditions(roles, external_id)),
                ),
                Trust::People(people) => people.meant(),
            };
            scope.record(Record {
                principal,
                principal_arn,
                access: "assume",
                resource: self.grantee.clone(),
                actions,
                resources: vec![known_arn.to_owned()],
                conditions,
            });
        }
    }
}

pub(crate) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The ARN of a role without a path.
pub fn role_arn(place: &Place, name: &str) -> String {
    format!("arn:{}:iam::{}:role/{name}", place.partition(), place.account)
}

/// The ARN that stands for an account in policies.
pub fn root_arn(place: &Place, account: &str) -> String {
    format!("arn:{}:iam::{account}:root", place.partition())
}

fn external_conditions(roles: &[String], external_id: &str) -> Conditions {
    Conditions::none()
        .with(Condition::new(Comparison::StringEquals, "sts:ExternalId", external_id.to_owned()))
        .with(principal_is(roles))
}

/// The condition that the caller is one of these roles, for statements that cannot name them.
pub fn principal_is(roles: &[String]) -> Condition {
    Condition {
        operator: Operator::new(Comparison::ArnEquals),
        key: "aws:PrincipalArn".into(),
        values: roles.iter().cloned().map(Value::from).collect(),
    }
}

/// Conditions in the form of intended grants, as far as they are text.
pub(crate) fn shown(conditions: &Conditions) -> Vec<String> {
    conditions.lines(|value| value.as_text().map(str::to_owned))
}

/// Text that IAM and Glue take as a description: Latin letters, at most 1,000 characters.
pub fn printable(text: &str) -> String {
    // Linters take `${` for a variable of `Fn::Sub`.
    let text = text.replace("${", "$ {");
    let is_printable = |c: &char| matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}');
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(is_printable)
        .take(1_000)
        .collect()
}

/// A map of a document, for the generated structs.
pub(crate) fn json(map: Map) -> Expr<lakewright_template::Json> {
    map.into()
}
