//! Credentials that are kept until shortly before they expire. Clients of the SDK do so by themselves; the requests that
//! are signed here would otherwise assume the role for each one.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Future;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

/// So long before they expire, credentials are renewed: a request may take a while.
const BEFORE: Duration = Duration::from_mins(5);

#[derive(Debug)]
struct Kept<P> {
    provider: P,
    found: Mutex<Option<Credentials>>,
}

/// Asks a provider only when its last credentials are about to expire.
pub(super) fn kept(provider: impl ProvideCredentials + 'static) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Kept { provider, found: Mutex::new(None) })
}

impl<P: ProvideCredentials> Kept<P> {
    async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut found = self.found.lock().await;
        let lasting = found
            .as_ref()
            .filter(|one| one.expiry().is_none_or(|expiry| expiry > SystemTime::now() + BEFORE));
        if let Some(credentials) = lasting {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *found = Some(credentials.clone());
        Ok(credentials)
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Kept<P> {
    fn provide_credentials<'a>(&'a self) -> Future<'a>
    where
        Self: 'a,
    {
        Future::new(self.get())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug)]
    struct Counting {
        asked: Arc<AtomicUsize>,
        lasts: Duration,
    }

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> Future<'a>
        where
            Self: 'a,
        {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let expiry = SystemTime::now() + self.lasts;
            Future::ready(Ok(Credentials::new("key", "secret", None, Some(expiry), "test")))
        }
    }

    fn asked(lasts: Duration) -> usize {
        let asked = Arc::new(AtomicUsize::new(0));
        let provider = kept(Counting { asked: Arc::clone(&asked), lasts });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for _ in 0..3 {
            runtime.block_on(provider.provide_credentials()).expect("credentials");
        }
        asked.load(Ordering::Relaxed)
    }

    #[test]
    fn credentials_are_asked_for_when_they_are_about_to_expire() {
        assert_eq!(asked(Duration::from_hours(1)), 1);
        assert_eq!(asked(Duration::from_mins(4)), 3);
    }
}
