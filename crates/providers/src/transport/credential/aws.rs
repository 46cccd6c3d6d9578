//! Amazon's chain of sources through `aws-config`: environment, profile (its keys, assumed roles, `credential_process`,
//! single sign-on), web identity, container, instance. Each asking builds the chain anew, so that changed files and
//! variables count.
//!
//! The library starts a profile's program without a limit of time and leaves it running when nobody waits any more. An
//! asking that was given up on is therefore gone on with by the next one: at most one program of a source runs at a time.

use std::{sync::Arc, time::UNIX_EPOCH};

use aws_config::{
    Region,
    default_provider::credentials::DefaultCredentialsChain,
    environment::region::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::Mutex;
use weir_core::Timestamp;

use super::{AGAIN, Fetch, Fresh, Held, Token, errand::Errand, words};

/// Where roles are assumed when nothing names a region.
const REGION: &str = "us-east-1";

/// What the library writes before the words of a program that failed.
const WORDS_OF_PROGRAM: &str = "Stderr:";

/// One asking of the chain.
type Asking = BoxFuture<'static, Result<Fresh, String>>;

/// The chain, or one profile.
pub(super) struct Chain {
    begin: Box<dyn Fn() -> Asking + Send + Sync>,
    /// The asking that is under way.
    asking: Mutex<Option<Asking>>,
}

impl Chain {
    pub(super) fn new(profile: Option<String>, errand: Errand) -> Self {
        let places = Arc::new(Places { profile, errand });
        Self::of(move || {
            let places = Arc::clone(&places);
            Box::pin(async move { places.ask().await })
        })
    }

    /// One whose askings begin so.
    pub(super) fn of(begin: impl Fn() -> Asking + Send + Sync + 'static) -> Self {
        Self { begin: Box::new(begin), asking: Mutex::default() }
    }
}

/// Where to look.
struct Places {
    profile: Option<String>,
    errand: Errand,
}

impl Places {
    async fn ask(&self) -> Result<Fresh, String> {
        let config =
            ProviderConfig::without_region().with_http_client(self.errand.clone()).with_sleep_impl(TokioSleep::new());
        let mut named = ProfileFileRegionProvider::builder();
        if let Some(profile) = &self.profile {
            named = named.profile_name(profile);
        }
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(named.build());
        let region = region.or_else(Region::new(REGION)).region().await;
        let given = match &self.profile {
            Some(profile) => {
                let config = config.with_region(region);
                let provider =
                    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build();
                provider.provide_credentials().await
            }
            None => {
                let chain = DefaultCredentialsChain::builder().region(region).configure(config).build().await;
                chain.provide_credentials().await
            }
        };
        let credentials = given.map_err(|error| self.told(&error))?;
        let until = credentials.expiry().and_then(|until| until.duration_since(UNIX_EPOCH).ok());
        let secret = [credentials.access_key_id(), credentials.secret_access_key()]
            .into_iter()
            .chain(credentials.session_token())
            .collect::<Vec<_>>()
            .join(":");
        let held = Held {
            secret: secret.into(),
            until: until.map(|until| Timestamp::default().plus(until)),
            token: Token::Aws(credentials),
        };
        Ok(Fresh { held, again: AGAIN })
    }

    /// What was tried, and what came of it. A program may have written secrets beside its failure: its words are left out.
    fn told(&self, error: &CredentialsError) -> String {
        match (error, &self.profile) {
            (CredentialsError::CredentialsNotLoaded(_), None) => {
                "none in the environment, the profile, a web identity, the container and the instance, tried in this order"
                    .to_owned()
            }
            _ => {
                let said = words(error);
                match said.split_once(WORDS_OF_PROGRAM) {
                    Some((said, _)) => format!("{said}what it wrote is left out, as it may hold secrets"),
                    None => said,
                }
            }
        }
    }
}

impl Fetch for Chain {
    fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>> {
        Box::pin(async {
            let mut asking = self.asking.lock().await;
            let given = asking.get_or_insert_with(&self.begin).await;
            *asking = None;
            given
        })
    }
}

/// weir's own client in the shape of Amazon's.
impl HttpClient for Errand {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        // An address that no machine has takes its time to say so: the instance's service is given up on early.
        let patience = settings.connect_timeout().map(|connect| connect + settings.read_timeout().unwrap_or(connect));
        SharedHttpConnector::new(Connector { errand: self.clone(), patience })
    }
}

#[derive(Debug)]
struct Connector {
    errand: Errand,
    patience: Option<std::time::Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (errand, patience) = (self.errand.clone(), self.patience);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
            let run = errand.run(request);
            let answer = match patience {
                Some(patience) => {
                    tokio::time::timeout(patience, run).await.map_err(|slow| ConnectorError::timeout(slow.into()))?
                }
                None => run.await,
            };
            let answer = answer.map_err(|failed| match failed.slow {
                true => ConnectorError::timeout(failed.into()),
                false => ConnectorError::io(failed.into()),
            })?;
            HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
