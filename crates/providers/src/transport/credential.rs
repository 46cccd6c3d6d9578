//! Credentials that a cloud gives for an hour at a time. Each source is asked by one task in the background, ahead of the
//! end of what it gave; a call only loads what is there, without a lock. Where nothing is there yet, the first calls wait
//! for the source's first answer; where it fails, calls fail at once with what it said, until it works again.

mod aws;
mod azure;
mod errand;
mod google;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures::{FutureExt as _, future::BoxFuture};
use http::HeaderMap;
use secrecy::SecretString;
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{Instant, sleep, sleep_until, timeout},
};
use weir_core::{Clock, Timestamp, credential::CredentialSource};

use super::TransportError;
use crate::scrub;

/// Looks up an environment variable.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// One asking of a source takes at most this long: chains try several places.
const FETCH: Duration = Duration::from_secs(60);
/// What has no end of its own may still change: a file, a variable.
const AGAIN: Duration = Duration::from_secs(600);
/// Credentials are renewed a fifth of their life before their end, at most this long before.
const AHEAD: Duration = Duration::from_secs(300);
/// Between two askings at least, whoever doubts what there is.
const LEAST: Duration = Duration::from_secs(10);
/// A source that failed is asked again after one second, then two, four, …, at most this long.
const MOST: Duration = Duration::from_secs(60);

/// What a call presents.
#[derive(Clone)]
pub(super) enum Token {
    /// These headers.
    Headers(HeaderMap),
    /// A signature made with these.
    Aws(aws_credential_types::Credentials),
}

/// What a source gave.
pub(super) struct Held {
    pub(super) token: Token,
    /// For scrubbing it out of what providers say.
    pub(super) secret: SecretString,
    until: Option<Timestamp>,
}

/// What a source gives, and when to ask it again where that has no end.
struct Fresh {
    held: Held,
    again: Duration,
}

/// Asks a source. Errors are in words and may hold anything: they are scrubbed by whoever shows them.
trait Fetch: Send + Sync {
    fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>>;
}

/// How the last asking went.
#[derive(Debug, Clone)]
enum State {
    Pending,
    Ready,
    Failed(Arc<str>),
}

struct Shared {
    held: ArcSwapOption<Held>,
    state: watch::Sender<State>,
    doubted: Notify,
    clock: Arc<dyn Clock>,
}

/// One source, kept fresh for as long as somebody holds it.
pub struct Credential {
    source: CredentialSource,
    shared: Arc<Shared>,
    /// `None` asks nobody.
    task: Option<AbortHandle>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Credential {
    /// One that is never fetched, for checking that a target can be made.
    #[must_use]
    pub fn idle(source: CredentialSource, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { source, shared: Shared::new(clock), task: None })
    }

    /// Asks through `fetch` from now on, in a task of the current runtime.
    fn start(source: CredentialSource, fetch: Box<dyn Fetch>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let shared = Shared::new(clock);
        let task = tokio::spawn(keep(source.to_string(), fetch, Arc::clone(&shared))).abort_handle();
        Arc::new(Self { source, shared, task: Some(task) })
    }

    /// What to present now. Waits only where there is nothing yet, at most `patience`.
    ///
    /// # Errors
    /// [`TransportError::Credential`] when the source gives nothing, with what to check.
    pub(super) async fn held(&self, patience: Duration) -> Result<Arc<Held>, TransportError> {
        if let Some(held) = self.shared.valid() {
            return Ok(held);
        }
        let mut state = self.shared.state.subscribe();
        let known = state.borrow_and_update().clone();
        let waited = match known {
            State::Failed(_) => Ok(()),
            State::Pending => {
                timeout(patience, state.wait_for(|state| !matches!(state, State::Pending))).await.map(drop)
            }
            // What there was has ended, as after a machine slept.
            State::Ready => {
                self.shared.doubted.notify_one();
                timeout(patience, state.changed()).await.map(drop)
            }
        };
        if let Some(held) = self.shared.valid() {
            return Ok(held);
        }
        let state = state.borrow().clone();
        let why = match (state, waited) {
            (State::Failed(why), _) => why.to_string(),
            (_, Err(_)) => format!("nothing within {} ms", patience.as_millis()),
            (_, Ok(())) => "what it gave has ended".to_owned(),
        };
        Err(TransportError::Credential(format!(
            "no credentials from `{}`: {why}; {}",
            self.source,
            self.source.check()
        )))
    }

    /// What there is to be scrubbed out of what a provider says.
    pub(super) fn secret(&self) -> Option<SecretString> {
        self.shared.held.load().as_ref().map(|held| held.secret.clone())
    }

    /// A provider has refused what was presented: ask the source again soon.
    pub(super) fn doubt(&self) {
        self.shared.doubted.notify_one();
    }
}

impl Shared {
    fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = watch::Sender::new(State::Pending);
        Arc::new(Self { held: ArcSwapOption::empty(), state, doubted: Notify::new(), clock })
    }

    fn valid(&self) -> Option<Arc<Held>> {
        let held = self.held.load_full()?;
        held.until.is_none_or(|until| self.clock.now() < until).then_some(held)
    }
}

/// Keeps what a source gives fresh.
async fn keep(source: String, fetch: Box<dyn Fetch>, shared: Arc<Shared>) {
    let mut failures = 0_u32;
    loop {
        let asked = Instant::now();
        // Whatever was doubted until now is answered by this asking.
        let _answered = shared.doubted.notified().now_or_never();
        let given = timeout(FETCH, fetch.fetch()).await;
        let wait = match given.unwrap_or_else(|_| Err(format!("no answer within {} s", FETCH.as_secs()))) {
            Ok(fresh) => {
                failures = 0;
                let wait = fresh.held.until.map_or(fresh.again, |until| renewal(until.since(shared.clock.now())));
                shared.held.store(Some(Arc::new(fresh.held)));
                shared.state.send_replace(State::Ready);
                tracing::debug!(source, wait_s = wait.as_secs(), "credentials are fresh");
                wait
            }
            Err(why) => {
                let secret = shared.held.load().as_ref().map(|held| held.secret.clone());
                let why = scrub::text(&why, secret.as_ref());
                // What is there lasts until its own end; what has none is as good as the source.
                let lasts = shared.valid().is_some_and(|held| held.until.is_some());
                if lasts {
                    tracing::warn!(source, "credentials cannot be renewed yet: {why}");
                } else {
                    tracing::error!(source, "no credentials: {why}");
                    shared.held.store(None);
                    shared.state.send_replace(State::Failed(why.into()));
                }
                let wait = MOST.min(Duration::from_secs(1 << failures.min(6)));
                failures += 1;
                wait
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = shared.doubted.notified() => sleep_until(asked + LEAST).await,
        }
    }
}

/// When to renew what lasts so long.
fn renewal(left: Duration) -> Duration {
    left.saturating_sub(AHEAD.min(left / 5)).max(Duration::from_secs(1))
}

/// All sources in use. Deployments that name the same one share it, also over a change of configuration.
pub struct Vault {
    known: Mutex<HashMap<CredentialSource, Weak<Credential>>>,
    errand: errand::Errand,
    env: Env,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// An empty one. `env` is what sources look at; those of Amazon and Google read the process's own environment too.
    ///
    /// # Errors
    /// [`TransportError::Setup`] when TLS cannot be set up.
    pub fn new(env: Env, clock: Arc<dyn Clock>) -> Result<Self, TransportError> {
        Ok(Self { known: Mutex::default(), errand: errand::Errand::new()?, env, clock })
    }

    /// The source, asked from now on. Call it within a runtime.
    pub fn credential(&self, source: &CredentialSource) -> Arc<Credential> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, credential| credential.strong_count() > 0);
        if let Some(credential) = known.get(source).and_then(Weak::upgrade) {
            return credential;
        }
        let fetch: Box<dyn Fetch> = match source {
            CredentialSource::AwsDefault => Box::new(aws::Chain::new(None, self.errand.clone())),
            CredentialSource::AwsProfile(name) => Box::new(aws::Chain::new(Some(name.clone()), self.errand.clone())),
            CredentialSource::GoogleAdc => Box::new(google::Adc::new(None)),
            CredentialSource::GoogleFile(path) => Box::new(google::Adc::new(Some(path.clone()))),
            CredentialSource::AzureDefault => {
                Box::new(azure::Entra::new(Arc::clone(&self.env), Arc::new(self.errand.clone())))
            }
        };
        let credential = Credential::start(source.clone(), fetch, Arc::clone(&self.clock));
        known.insert(source.clone(), Arc::downgrade(&credential));
        credential
    }
}

/// A bearer token as a source gives it.
fn bearer(token: &str) -> Result<HeaderMap, String> {
    let mut value = http::HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "a token that no header can hold".to_owned())?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]))
}

/// An error and all that caused it, in words.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |error| (*error).source()) {
        let cause = cause.to_string();
        // Outer layers often repeat the inner ones.
        if !said.iter().any(|known| known.contains(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}

#[cfg(test)]
mod tests;
