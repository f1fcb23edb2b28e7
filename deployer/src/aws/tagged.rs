//! Sessions of deploy roles with session tags, and without them where a role's trust policy does not allow tags.
//!
//! A trust policy has to allow `sts:TagSession` for them ("Pass session tags in AWS STS" in the IAM user guide), and the caller's
//! own policy as well. Bootstrap stacks of earlier versions do not allow it, and STS refuses the whole request then.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Future;
use lakewright_template::Place;

use super::caller::Settings;
use super::failure::chain;

/// The accounts and regions whose deploy roles take no session tags.
pub(super) type Untagged = Arc<Mutex<BTreeSet<Place>>>;

/// The session tags of a run: the mesh and the run. `None` for a command that only looks. The trust policies of the deploy
/// roles take no other keys (`stacks/src/bootstrap/session.rs`).
pub(super) fn tags(settings: &Settings) -> Option<[(&'static str, String); 2]> {
    let (mesh, run) = (settings.mesh.clone()?, settings.run.clone()?);
    Some([("lakewright:mesh", mesh), ("lakewright:run", run)])
}

/// Assumes a role with session tags, and without them if STS does not allow the tags.
#[derive(Debug)]
pub(super) struct Tagged<P> {
    /// With the tags.
    pub(super) with_tags: P,
    /// Without them.
    pub(super) plain: P,
    /// Whether the role takes no tags.
    pub(super) is_plain: AtomicBool,
    /// Where the role is.
    pub(super) place: Place,
    pub(super) untagged: Untagged,
}

impl<P: ProvideCredentials> Tagged<P> {
    async fn get(&self) -> Result<Credentials, CredentialsError> {
        if self.is_plain.load(Ordering::Relaxed) {
            return self.plain.provide_credentials().await;
        }
        let error = match self.with_tags.provide_credentials().await {
            Err(error) if is_refused(&error) => error,
            other => return other,
        };
        // A role that cannot be assumed at all is refused in the same way; the first refusal says so as well.
        let Ok(credentials) = self.plain.provide_credentials().await else { return Err(error) };
        self.is_plain.store(true, Ordering::Relaxed);
        let mut untagged = self.untagged.lock().unwrap_or_else(PoisonError::into_inner);
        untagged.insert(self.place.clone());
        Ok(credentials)
    }
}

/// Whether STS refused a request, instead of not answering it.
fn is_refused(error: &CredentialsError) -> bool {
    let text = chain(error);
    text.contains("AccessDenied") || text.contains("not authorized")
}

impl<P: ProvideCredentials> ProvideCredentials for Tagged<P> {
    fn provide_credentials<'a>(&'a self) -> Future<'a>
    where
        Self: 'a,
    {
        Future::new(self.get())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Debug)]
    struct Answers {
        refusal: Option<&'static str>,
        asked: Arc<AtomicUsize>,
    }

    impl ProvideCredentials for Answers {
        fn provide_credentials<'a>(&'a self) -> Future<'a>
        where
            Self: 'a,
        {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Future::ready(match self.refusal {
                None => Ok(Credentials::new("key", "secret", None, None, "test")),
                Some(text) => Err(CredentialsError::provider_error(text)),
            })
        }
    }

    /// Asks twice. Returns whether there were credentials, how often was asked with and without tags, and how many places are
    /// without.
    fn asked(tagged: Option<&'static str>, plain: Option<&'static str>) -> (bool, [usize; 3]) {
        let counts = [Arc::<AtomicUsize>::default(), Arc::default()];
        let answers =
            |refusal, index: usize| Answers { refusal, asked: Arc::clone(&counts[index]) };
        let untagged = Untagged::default();
        let provider = Tagged {
            with_tags: answers(tagged, 0),
            plain: answers(plain, 1),
            is_plain: AtomicBool::new(false),
            place: Place::parse("111122223333", "eu-west-1").expect("a place"),
            untagged: Arc::clone(&untagged),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ask = || runtime.block_on(provider.provide_credentials()).is_ok();
        let is_good = ask() && ask();
        let [with, without] = counts.map(|count| count.load(Ordering::Relaxed));
        (is_good, [with, without, untagged.lock().expect("places").len()])
    }

    /// The message of STS is that of "Pass session tags in AWS STS" in the IAM user guide.
    #[test]
    fn a_role_that_takes_no_tags_is_assumed_without_them_from_then_on() {
        let refusal = "AccessDenied: User: arn:aws:iam::1:role/ci is not authorized to perform: sts:TagSession on resource: \
                       arn:aws:iam::2:role/p-deploy-eu-west-1";
        assert_eq!(asked(None, None), (true, [2, 0, 0]));
        assert_eq!(asked(Some(refusal), None), (true, [1, 2, 1]));
        assert_eq!(asked(Some(refusal), Some(refusal)), (false, [1, 1, 0]));
        assert_eq!(asked(Some("connection refused"), None), (false, [1, 0, 0]));
    }
}
