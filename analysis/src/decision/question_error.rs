//! Errors in questions: they name something that does not exist, or cannot be decided.

use lakewright_access::action::Action;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// The action has no service, or is a pattern.
    #[error("got the action `{0}`, expected one such as s3:GetObject")]
    Action(String),
    /// The action's service does not exist.
    #[error("{action} names no known service{}", meant(.like.as_deref()))]
    Service {
        /// The action.
        action: Action,
        /// A service with nearly the same name.
        like: Option<String>,
    },
    /// The service has no such action.
    #[error("{action} is not an action of {}{}", .action.service(), meant(.like.as_deref()))]
    NoAction {
        /// The action.
        action: Action,
        /// An action with nearly the same name.
        like: Option<String>,
    },
    /// Requests for the action do not carry the condition key.
    #[error("{action} carries no condition key `{key}`{}", keys(.like.as_deref(), .own))]
    ConditionKey {
        /// The action.
        action: Action,
        /// The key.
        key: String,
        /// A key with nearly the same name.
        like: Option<String>,
        /// The condition keys of the action, besides those of every request.
        own: Vec<&'static str>,
    },
    /// A condition key has no value.
    #[error("got the context `{0}`, expected KEY=VALUE such as aws:SourceIp=10.0.0.1")]
    Context(String),
    /// The action does not apply to the resource that the name resolves to.
    #[error(
        "{action} is not about {arn}, which `{name}` stands for; it is about {}. Give an ARN, dataset/ID/table/NAME for a table, or a line of `access --detail` such as `pipeline/ID project/NAME`",
        about(.kinds)
    )]
    NotAbout {
        /// The action.
        action: Action,
        /// The resource's name.
        name: String,
        /// The ARN that the name resolves to.
        arn: String,
        /// The types of resources that the action applies to; empty if it applies to none.
        kinds: Vec<&'static str>,
    },
    /// The service principal is not a domain name.
    #[error("got the service `{0}`, expected one such as service/{0}.amazonaws.com")]
    ServicePrincipal(String),
    /// The name is not of a principal, so it sends no requests.
    #[error("`{0}` is not a role, user, service or provider")]
    NotAPrincipal(String),
    /// The principal does not exist.
    #[error("`{name}` is not a principal of this mesh; {}", expected_principal(.like.as_deref(), .team.as_deref()))]
    Principal {
        /// The name.
        name: String,
        /// A principal with nearly the same name.
        like: Option<String>,
        /// A team of the mesh.
        team: Option<String>,
    },
    /// The principal has no sessions.
    #[error("{0} is not a role, and only roles have sessions")]
    NoSessions(String),
    /// The session name is not valid.
    #[error(
        "got the session `{0}`, expected the name that was given when the role was assumed: 2 to 64 letters, digits and _+=,.@-"
    )]
    Session(String),
    /// The text is not an ARN.
    #[error("`{got}` is not an ARN; expected one like {form}")]
    Arn {
        /// The text.
        got: String,
        /// The form of such an ARN.
        form: &'static str,
    },
    /// The dataset does not exist.
    #[error("there is no dataset `{id}`; {}", expected_dataset(.like.as_deref(), .known))]
    Dataset {
        /// The id.
        id: String,
        /// A dataset with nearly the same id.
        like: Option<String>,
        /// Some datasets.
        known: Vec<String>,
    },
    /// The dataset has no such part, or none that the action applies to.
    #[error(
        "`{name}` has nothing that {action} is about; expected dataset/ID, dataset/ID/table/NAME or dataset/ID/folder/ID of this mesh"
    )]
    PartOfDataset {
        /// The name.
        name: String,
        /// The action.
        action: Action,
    },
    /// The pipeline does not exist.
    #[error("there is no pipeline `{0}`")]
    Pipeline(String),
    /// The pipeline has no such stage or action.
    #[error("pipeline `{id}` has no `{part}`; expected one of {}", .known.join(", "))]
    PartOfPipeline {
        /// The pipeline.
        id: String,
        /// The part that was named.
        part: String,
        /// The names of its parts.
        known: Vec<String>,
    },
    /// The name matches several resources.
    #[error("`{name}` is ambiguous; expected one of {known}")]
    Several {
        /// The name.
        name: String,
        /// The matches, in words.
        known: String,
    },
    /// The name has resources, but the action applies to none of them.
    #[error("`{name}` has nothing that {action} is about; it has {has}")]
    NothingAbout {
        /// The name.
        name: String,
        /// The action.
        action: Action,
        /// The resources that it has, in words.
        has: String,
    },
    /// The resource does not exist.
    #[error("`{name}` is not a resource of this mesh; {}", expected_resource(.like.as_deref()))]
    Resource {
        /// The name.
        name: String,
        /// A resource with nearly the same name.
        like: Option<String>,
    },
    /// Anybody's templates have no such role or resource.
    #[error("`{name}` is not a {kind} of these templates; {expected}")]
    OfTemplates {
        /// The name.
        name: String,
        /// The kind that was looked up: `role` or `resource`.
        kind: &'static str,
        /// The expected names, in words.
        expected: String,
    },
}

impl QuestionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Action(_) | Self::Service { .. } | Self::NoAction { .. } => "unknown-action",
            Self::ConditionKey { .. } => "unknown-condition-key",
            Self::Context(_) => "malformed-context",
            Self::NotAbout { .. } | Self::NothingAbout { .. } => "not-about",
            Self::ServicePrincipal(_) | Self::NotAPrincipal(_) | Self::Principal { .. } => {
                "unknown-principal"
            }
            Self::NoSessions(_) | Self::Session(_) => "session",
            Self::Arn { .. } => "malformed-arn",
            Self::Several { .. } => "ambiguous-name",
            Self::Dataset { .. }
            | Self::PartOfDataset { .. }
            | Self::Pipeline(_)
            | Self::PartOfPipeline { .. }
            | Self::Resource { .. }
            | Self::OfTemplates { .. } => "unknown-resource",
        }
    }
}

fn meant(like: Option<&str>) -> String {
    like.map(|like| format!("; did you mean {like}?")).unwrap_or_default()
}

fn keys(like: Option<&str>, own: &[&str]) -> String {
    match like {
        Some(like) => format!("; did you mean {like}?"),
        None => format!("; it carries {} and the keys of every request", own.join(", ")),
    }
}

fn about(kinds: &[&str]) -> String {
    if kinds.is_empty() { "no resource: ask for `*`".to_owned() } else { kinds.join(", ") }
}

fn expected_principal(like: Option<&str>, team: Option<&str>) -> String {
    match like {
        Some(like) => format!("did you mean {like}?"),
        None => format!(
            "expected an ARN, or a name such as {}",
            team.unwrap_or("team/ENVIRONMENT/TEAM")
        ),
    }
}

fn expected_dataset(like: Option<&str>, known: &[String]) -> String {
    match like {
        Some(like) => format!("did you mean {like}?"),
        None => format!("expected one such as {}", known.join(", ")),
    }
}

fn expected_resource(like: Option<&str>) -> String {
    match like {
        Some(like) => format!("did you mean {like}?"),
        None => "expected an ARN, dataset/ID, pipeline/ID, share/ID or another name that `access` shows as a resource".to_owned(),
    }
}
