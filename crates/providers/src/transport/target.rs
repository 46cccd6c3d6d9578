//! Where a call goes, checked once when it is configured and again at each call.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use aws_credential_types::Credentials;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use weir_core::deployment::{Deployment, Dialect};

use super::{Credential, TransportError, address, sigv4::Signer};
use crate::dialect::bedrock::invoke;

/// One URL with its key. Build it once for each deployment. `Debug` shows neither key nor query.
#[derive(Clone)]
pub struct Target {
    url: Url,
    /// What other endpoints are under.
    root: Url,
    /// Its key, where the dialect wants it, and what else each call must bring.
    pub(super) headers: HeaderMap,
    pub(super) allow_private: bool,
    secret: Option<SecretString>,
    /// Where streams are asked for, when that is another URL.
    streamed: Option<Url>,
    /// Signs each call, where the key is no key to present.
    pub(super) signer: Option<Signer>,
    /// What is presented in place of a key.
    pub(super) credential: Option<Arc<Credential>>,
}

/// Which of a target's endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Whole answers.
    Whole,
    /// Streamed ones.
    Stream,
    /// This path under the root.
    At(Cow<'static, str>),
}

/// The last version of Azure's API that names deployments in paths.
const AZURE_VERSION: &str = "2024-10-21";

/// `path` under what the URL has.
fn append(url: &mut Url, path: &str) {
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
}

impl Target {
    /// `bearer` is sent as `Authorization: Bearer …`. `allow_private` permits loopback and private networks.
    ///
    /// # Errors
    /// [`TransportError::Refused`] for a URL that does not parse, is not http or https, has a user name, password or
    /// fragment, or is a forbidden address; and for a key that cannot be sent in a header.
    pub fn new(url: &str, bearer: Option<SecretString>, allow_private: bool) -> Result<Self, TransportError> {
        let refuse = |why: &str| TransportError::Refused(why.to_owned());
        let url = Url::parse(url).map_err(|error| TransportError::Refused(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("only http and https URLs are allowed"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("a URL with a user name or password; set `api_key` instead"));
        }
        if url.fragment().is_some() {
            return Err(refuse("a URL with a fragment"));
        }
        let mut target = Self {
            root: url.clone(),
            url,
            headers: HeaderMap::new(),
            allow_private,
            secret: bearer,
            streamed: None,
            signer: None,
            credential: None,
        };
        target.present(header::AUTHORIZATION, "Bearer ")?;
        Ok(target)
    }

    /// Puts the key into this header, behind `scheme`.
    fn present(&mut self, name: HeaderName, scheme: &str) -> Result<(), TransportError> {
        self.headers.remove(header::AUTHORIZATION);
        let Some(key) = &self.secret else { return Ok(()) };
        let mut value = HeaderValue::try_from(format!("{scheme}{}", key.expose_secret()))
            .map_err(|_| TransportError::Refused("an api key with characters that no header can hold".to_owned()))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// The chat completions endpoint of an OpenAI-shaped API whose root is `base_url`, such as
    /// `https://api.openai.com/v1`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn chat(base_url: &str, bearer: Option<SecretString>, allow_private: bool) -> Result<Self, TransportError> {
        let mut target = Self::new(base_url, bearer, allow_private)?;
        append(&mut target.url, "chat/completions");
        Ok(target)
    }

    /// Where a deployment answers chats: the endpoint of its dialect under its root, such as `https://api.openai.com/v1`,
    /// with its key in the dialect's header. A query in the root is kept.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(deployment: &Deployment, key: Option<SecretString>, allow_private: bool) -> Result<Self, TransportError> {
        let mut target = Self::new(&deployment.base_url, key, allow_private)?;
        match deployment.dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses if deployment.provider == "azure" => {
                target.azure(deployment)?;
            }
            Dialect::OpenaiChat | Dialect::Mistral => append(&mut target.url, "chat/completions"),
            Dialect::OpenaiResponses => append(&mut target.url, "responses"),
            Dialect::Cohere => append(&mut target.url, "chat"),
            Dialect::Bedrock => target.bedrock(&deployment.model, ["converse", "converse-stream"]),
            Dialect::Anthropic if invoke::invokes(deployment) => {
                target.bedrock(&deployment.model, ["invoke", "invoke-with-response-stream"]);
            }
            Dialect::Anthropic => {
                append(&mut target.url, "messages");
                target.present(HeaderName::from_static("x-api-key"), "")?;
                let version = HeaderValue::from_static("2023-06-01");
                target.headers.insert(HeaderName::from_static("anthropic-version"), version);
            }
            Dialect::Gemini => {
                // Vertex takes tokens of Google's cloud, the API of AI Studio its keys.
                if deployment.provider != "vertex" {
                    target.present(HeaderName::from_static("x-goog-api-key"), "")?;
                }
                let model = deployment.model.trim_start_matches("models/");
                let mut streamed = target.url.clone();
                append(&mut streamed, &format!("models/{model}:streamGenerateContent"));
                streamed.query_pairs_mut().append_pair("alt", "sse");
                append(&mut target.url, &format!("models/{model}:generateContent"));
                target.streamed = Some(streamed);
            }
        }
        Ok(target)
    }

    /// The same, presenting what a source of credentials gives.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn fetched(
        deployment: &Deployment,
        credential: Arc<Credential>,
        allow_private: bool,
    ) -> Result<Self, TransportError> {
        let target = Self::of(deployment, None, allow_private)?;
        Ok(Self { credential: Some(credential), ..target })
    }

    /// Signs with credentials of Amazon's.
    pub(super) fn signer_of(&self, credentials: Credentials) -> Signer {
        Signer::new(credentials, self.root.host_str().unwrap_or_default())
    }

    /// What Bedrock asks of a model, whole and streamed.
    fn bedrock(&mut self, model: &str, [whole, streamed]: [&str; 2]) {
        // Names of models hold colons, and those of profiles slashes.
        let model = model.replace('/', "%2F");
        let mut url = self.url.clone();
        append(&mut url, &format!("model/{model}/{streamed}"));
        self.streamed = Some(url);
        append(&mut self.url, &format!("model/{model}/{whole}"));
        self.sign();
    }

    /// Signs with a key that is a pair, in place of presenting it.
    fn sign(&mut self) {
        let host = self.root.host_str().unwrap_or_default();
        self.signer = self.secret.as_ref().and_then(|key| Signer::of(key.expose_secret(), host));
        if self.signer.is_some() {
            self.headers.remove(header::AUTHORIZATION);
        }
    }

    /// A deployment of Azure's. At the root `…/openai/v1` the body names it, at any other the path does, and the version of
    /// the API is in the query.
    fn azure(&mut self, deployment: &Deployment) -> Result<(), TransportError> {
        self.present(HeaderName::from_static("api-key"), "")?;
        let operation = match deployment.dialect {
            Dialect::OpenaiResponses => "responses",
            _ => "chat/completions",
        };
        if !self.root.path().ends_with("/v1") {
            append(&mut self.root, &format!("openai/deployments/{}", deployment.model));
            self.root.query_pairs_mut().append_pair("api-version", AZURE_VERSION);
        }
        self.url = self.root.clone();
        append(&mut self.url, operation);
        Ok(())
    }

    /// The URL of an endpoint.
    pub(super) fn url(&self, at: &Endpoint) -> Cow<'_, Url> {
        match at {
            Endpoint::Whole => Cow::Borrowed(&self.url),
            Endpoint::Stream => Cow::Borrowed(self.streamed.as_ref().unwrap_or(&self.url)),
            Endpoint::At(path) => {
                let mut url = self.root.clone();
                append(&mut url, path);
                Cow::Owned(url)
            }
        }
    }

    /// What is presented, for scrubbing it out of what the provider says.
    #[must_use]
    pub fn secret(&self) -> Option<SecretString> {
        self.secret.clone().or_else(|| self.credential.as_ref()?.secret())
    }

    /// Host and port, for telemetry.
    #[must_use]
    pub fn authority(&self) -> (&str, Option<u16>) {
        let host = self.url.host_str().unwrap_or_default();
        (host, self.url.port_or_known_default())
    }

    /// Applies the address policy to an address written in the URL. The URL parser has by now brought every spelling
    /// (decimal, octal, hexadecimal, short) to one; the client would dial it without asking the resolver.
    pub(super) fn check(&self, allow_private: bool) -> Result<(), TransportError> {
        let host = self.url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        // Names under `localhost` are loopback by definition (RFC 6761, section 6.3), whatever a resolver says.
        let name = bare.trim_end_matches('.');
        let local = name == "localhost" || name.ends_with(".localhost");
        let address = match bare.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) if local => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Err(_) => return Ok(()),
        };
        match address::forbidden(address, allow_private) {
            Some(what) => Err(TransportError::Refused(address::Forbidden { what }.to_string())),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}
