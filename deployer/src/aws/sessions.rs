//! The sessions of the roles that are assumed, one for each account and region.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use lakewright_template::Place;

use super::Aws;
use super::kept::kept;
use super::tagged::Tagged;
use crate::cloud::{Access, Site};

impl Aws {
    /// Forgets the credentials for an account and region, which AWS called expired before their time.
    pub fn renew(&self, place: &Place) {
        self.sessions.borrow_mut().retain(|site, _| site.place != *place);
        self.clients.borrow_mut().retain(|site, _| site.place != *place);
    }

    /// The accounts and regions whose deploy roles were assumed without session tags, because they do not allow them.
    pub fn untagged(&self) -> BTreeSet<Place> {
        self.untagged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The SDK configuration for a site. The SDK assumes the role at the first request, and again
    /// before its credentials expire.
    pub(super) async fn session(&self, site: &Site) -> SdkConfig {
        if let Some(session) = self.sessions.borrow().get(site) {
            return session.clone();
        }
        let region = Region::new(site.place.region.to_string());
        let builder = self.base.to_builder().region(region.clone());
        let session = match self.role(site) {
            None => match self.base.credentials_provider() {
                Some(provider) => builder.credentials_provider(kept(provider)).build(),
                None => builder.build(),
            },
            Some((role, external_id)) => {
                let provider = || {
                    let provider = AssumeRoleProvider::builder(&role)
                        .configure(&self.base)
                        .session_name(&self.session)
                        .region(region.clone());
                    match &external_id {
                        Some(id) => provider.external_id(id),
                        None => provider,
                    }
                };
                let plain = provider().build().await;
                let credentials = match &self.tags {
                    // An owner's role is not of the mesh, and its trust policy need not know these tags.
                    Some(tags) if external_id.is_some() => kept(Tagged {
                        with_tags: provider().tags(tags.clone()).build().await,
                        plain,
                        is_plain: AtomicBool::new(false),
                        place: site.place.clone(),
                        untagged: Arc::clone(&self.untagged),
                    }),
                    Some(_) | None => kept(plain),
                };
                builder.credentials_provider(credentials).build()
            }
        };
        self.sessions.borrow_mut().insert(site.clone(), session.clone());
        session
    }

    /// The ARN of the role to assume, and the external id.
    fn role(&self, site: &Site) -> Option<(String, Option<String>)> {
        match &site.access {
            Access::Deployer { role, external_id, .. } => {
                Some((role.clone(), Some(external_id.clone())))
            }
            Access::Owner { .. } if self.caller == site.place.account => None,
            Access::Owner { role } => Some((site.place.role_arn(role), None)),
        }
    }
}
