//! Google's credentials through `google-cloud-auth`: a service account, a user's login, federated and impersonated
//! identities, or the machine's own. The library keeps its token fresh with its own client; it says no end of it, so that it
//! is asked every half a minute, which costs nothing until it has a new one. One that failed is made anew.
//!
//! Its client has no limits of time and its tasks outlive whoever asked: each source has a runtime of its own, with which
//! all that it began ends when it is given up on.

use std::{path::PathBuf, time::Duration};

use futures::future::BoxFuture;
use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials, external_account, impersonated, service_account, user_account,
};
use http::{Extensions, HeaderMap, header};
use rustls::crypto::ring;
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    runtime::{self, Runtime},
    sync::Mutex,
};

use super::{Fetch, Fresh, Held, Token, words};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const AGAIN: Duration = Duration::from_secs(30);

/// A file, or what the environment and the machine offer.
pub(super) struct Adc {
    file: Option<PathBuf>,
    /// The last one that worked.
    made: Mutex<Option<Made>>,
}

/// The library's credentials and where their tasks run.
struct Made {
    credentials: Credentials,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Made {
    async fn headers(&self) -> Result<CacheableResource<HeaderMap>, String> {
        let credentials = self.credentials.clone();
        let asking = async move { credentials.headers(Extensions::new()).await };
        let Some(runtime) = &self.runtime else { return Err("its runtime has ended".to_owned()) };
        let given = runtime.spawn(asking).await.map_err(|error| error.to_string())?;
        given.map_err(|error| words(&error))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Adc {
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self { file, made: Mutex::default() }
    }

    async fn make(&self) -> Result<Made, String> {
        // Its client takes the process's implementation of TLS: weir's, unless another is there already.
        drop(ring::default_provider().install_default());
        let text = match &self.file {
            Some(path) => Some(tokio::fs::read(path).await.map_err(|error| format!("{}: {error}", path.display()))?),
            None => None,
        };
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("google-credentials")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let credentials = {
            let _within = runtime.enter();
            self.read(text.as_deref())
        };
        match credentials {
            Ok(credentials) => Ok(Made { credentials, runtime: Some(runtime) }),
            Err(why) => {
                // Dropped here it would wait for its thread, which no task of another runtime may.
                runtime.shutdown_background();
                Err(why)
            }
        }
    }

    /// Those of the file, or what the environment and the machine offer.
    fn read(&self, text: Option<&[u8]>) -> Result<Credentials, String> {
        let scopes = [SCOPE];
        let (Some(path), Some(text)) = (&self.file, text) else {
            return Builder::default().with_scopes(scopes).build().map_err(|error| words(&error));
        };
        let document: Value = serde_json::from_slice(text).map_err(|_| format!("{} is no JSON", path.display()))?;
        let kind = document.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let made = match kind.as_str() {
            "service_account" => {
                let access = service_account::AccessSpecifier::from_scopes(scopes);
                service_account::Builder::new(document).with_access_specifier(access).build()
            }
            "authorized_user" => user_account::Builder::new(document).with_scopes(scopes).build(),
            "external_account" => external_account::Builder::new(document).with_scopes(scopes).build(),
            "impersonated_service_account" => impersonated::Builder::new(document).with_scopes(scopes).build(),
            _ => return Err(format!("{} is of a `type` that gives no tokens here", path.display())),
        };
        made.map_err(|error| words(&error))
    }

    async fn ask(&self) -> Result<Fresh, String> {
        let mut made = self.made.lock().await;
        let taken = match made.take() {
            Some(made) => made,
            None => self.make().await?,
        };
        let given = taken.headers().await?;
        let CacheableResource::New { data: headers, .. } = given else {
            return Err("no token, and none before".to_owned());
        };
        *made = Some(taken);
        let held = Held { secret: secret(&headers), token: Token::Headers(headers), until: None };
        Ok(Fresh { held, again: AGAIN })
    }
}

/// The token without its scheme.
fn secret(headers: &HeaderMap) -> SecretString {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.strip_prefix("Bearer ").unwrap_or(value).into()
}

impl Fetch for Adc {
    fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>> {
        Box::pin(self.ask())
    }
}
