//! Requests signed for Amazon's services (Signature Version 4).

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign},
    sign::v4,
};
use http::{HeaderName, HeaderValue};
use weir_core::Timestamp;

use super::TransportError;

/// Where requests go whose host names no region.
const REGION: &str = "us-east-1";

/// Signs.
#[derive(Clone)]
pub(super) struct Signer {
    credentials: Credentials,
    region: String,
}

impl Signer {
    /// Signs with these. `host` says the region, as `bedrock-runtime.eu-central-1.amazonaws.com` does.
    pub(super) fn new(credentials: Credentials, host: &str) -> Self {
        let region = host.strip_suffix(".amazonaws.com").and_then(|host| host.rsplit('.').next()).unwrap_or(REGION);
        Self { credentials, region: region.to_owned() }
    }

    /// A key that is `ID:SECRET` or `ID:SECRET:SESSION_TOKEN` signs; any other is presented as it is.
    pub(super) fn of(key: &str, host: &str) -> Option<Self> {
        let mut halves = key.trim().splitn(3, ':');
        let (id, secret) = (halves.next()?, halves.next()?);
        let session = halves.next().map(str::to_owned);
        Some(Self::new(Credentials::new(id, secret, session, None, "configuration"), host))
    }

    /// Adds the headers that sign the request with this body.
    ///
    /// # Errors
    /// It cannot be signed.
    pub(super) fn sign(
        &self,
        request: &mut reqwest::Request,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), TransportError> {
        let setup = |error: &dyn std::fmt::Display| TransportError::Setup(format!("cannot sign the request: {error}"));
        let identity = self.credentials.clone().into();
        let time = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.0).unwrap_or_default());
        let params: SigningParams<'_> = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("bedrock")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| setup(&error))?
            .into();
        // Only what every hop must leave as it is.
        let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let signed = kind.map(|kind| ("content-type", kind)).into_iter();
        let method = request.method().as_str();
        let signable = SignableRequest::new(method, request.url().as_str(), signed, SignableBody::Bytes(body));
        let output = sign(signable.map_err(|error| setup(&error))?, &params).map_err(|error| setup(&error))?;
        let (instructions, _) = output.into_parts();
        for (name, value) in instructions.headers() {
            let name = HeaderName::try_from(name).map_err(|error| setup(&error))?;
            let mut value = HeaderValue::try_from(value).map_err(|error| setup(&error))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_keys_signs_and_a_single_one_does_not() {
        assert!(Signer::of("a-bearer-key", "bedrock-runtime.eu-west-1.amazonaws.com").is_none());
        let signer = Signer::of("AKIDEXAMPLE:secret:session", "bedrock-runtime.eu-west-1.amazonaws.com").unwrap();
        assert_eq!(signer.region, "eu-west-1");
        let url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude%3A0/converse";
        let mut request = reqwest::Request::new(http::Method::POST, url.parse().unwrap());
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        signer.sign(&mut request, b"{}", Timestamp(1_440_938_160_000_000)).unwrap();
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert!(
            authorization
                .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/bedrock/aws4_request"),
            "{authorization}"
        );
        assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"));
        assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
    }
}
