//! Answers many requests about one mesh.

use std::borrow::Cow;

use foldhash::fast::FixedState;
use indexmap::{Equivalent, IndexMap};
use lakewright_governance::{Decider, PreparedActor, PreparedResource, QuestionError};

use crate::arguments::governed::Governed;
use crate::arguments::request::Request;
use crate::exit::Failure;
use crate::show::authorization::Answer;

/// An actor as a request states it: the user, the teams and the roles.
#[derive(PartialEq, Eq, Hash)]
struct Stated(String, Vec<String>, Vec<String>);

/// The same, in a request.
#[derive(Hash)]
struct Asker<'r>(&'r String, &'r Vec<String>, &'r Vec<String>);

impl Equivalent<Stated> for Asker<'_> {
    fn equivalent(&self, key: &Stated) -> bool {
        let Stated(user, teams, roles) = key;
        self.0 == user && self.1 == teams && self.2 == roles
    }
}

/// Answers requests, and keeps the actors and resources that it has seen.
pub(super) struct Asking<'a> {
    governed: &'a Governed,
    decider: Decider<'a>,
    actors: IndexMap<Stated, PreparedActor, FixedState>,
    resources: IndexMap<String, PreparedResource<'a>, FixedState>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(governed: &'a Governed) -> Self {
        let decider = Decider::new(&governed.governance);
        Self { governed, decider, actors: IndexMap::default(), resources: IndexMap::default() }
    }

    pub(super) fn answer(&mut self, request: &Request) -> Result<Answer<'a>, Failure> {
        let governance = &self.governed.governance;
        let usage = |error: QuestionError| Failure::usage(error.to_string());
        let privilege = governance.privilege(&request.privilege).map_err(usage)?;
        let Request { actor, member_of, roles, resource: name, .. } = request;
        let known = self.actors.get_index_of(&Asker(actor, member_of, roles));
        let place = if let Some(place) = known {
            place
        } else {
            let key = Stated(actor.clone(), member_of.clone(), roles.clone());
            self.actors.insert_full(key, governance.actor(request.actor()?)).0
        };
        let actor = &self.actors[place];
        // A user whom no document names is a resource of this request only.
        let unnamed;
        let target = match self.resources.get(name.as_str()) {
            Some(target) => *target,
            None => match governance.resource(name).map_err(usage)? {
                Cow::Borrowed(resource) => {
                    let target = governance.target(resource);
                    self.resources.insert(name.clone(), target);
                    target
                }
                Cow::Owned(resource) => {
                    unnamed = resource;
                    governance.target(&unnamed)
                }
            },
        };
        let verdict = self.decider.decide(actor, privilege, target).map_err(usage)?;
        Ok(Answer::of(self.governed, verdict, &actor.actor, target.resource))
    }
}
