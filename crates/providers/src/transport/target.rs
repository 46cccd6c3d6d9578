//! Where a call goes, checked once when it is configured and again at each call.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{TransportError, address};

/// One URL with its key. Build it once for each deployment. `Debug` shows neither key nor query.
#[derive(Clone)]
pub struct Target {
    pub(super) url: Url,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) allow_private: bool,
    secret: Option<SecretString>,
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
        let authorization = bearer
            .as_ref()
            .map(|key| {
                let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
                    .map_err(|_| refuse("an api key with characters that no header can hold"))?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        let target = Self { url, authorization, allow_private, secret: bearer };
        Ok(target)
    }

    /// The chat completions endpoint of an OpenAI-shaped API whose root is `base_url`, such as
    /// `https://api.openai.com/v1`. A query in the root is kept.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn chat(base_url: &str, bearer: Option<SecretString>, allow_private: bool) -> Result<Self, TransportError> {
        let mut target = Self::new(base_url, bearer, allow_private)?;
        let path = format!("{}/chat/completions", target.url.path().trim_end_matches('/'));
        target.url.set_path(&path);
        Ok(target)
    }

    /// The key, for scrubbing it out of what the provider says.
    #[must_use]
    pub const fn secret(&self) -> Option<&SecretString> {
        self.secret.as_ref()
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
