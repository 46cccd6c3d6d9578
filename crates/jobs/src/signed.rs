//! What webhooks are sent is signed, with the time, so that a receiver knows who sent it and that it is no recording.

use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use weir_core::Timestamp;

/// Where the signature is.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-weir-signature");

/// `t=<unix seconds>,v1=<hex of the HMAC-SHA256 of "<unix seconds>.<body>">`; `None` for a secret that cannot sign.
pub(crate) fn signature(secret: &SecretString, now: Timestamp, body: &str) -> Option<HeaderValue> {
    let at = now.as_millis().div_euclid(1000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(format!("{at}.{body}").as_bytes());
    HeaderValue::try_from(format!("t={at},v1={:x}", mac.finalize().into_bytes())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_can_be_checked_by_any_hmac() {
        // python3 -c "import hmac; print(hmac.new(b'Jefe', b'1.{}', 'sha256').hexdigest())"
        let value = signature(&SecretString::from("Jefe"), Timestamp(1_000_000), "{}").unwrap();
        assert_eq!(value.to_str().unwrap(), "t=1,v1=dc7943cccf20f64327d263db5e2aca27c2b8175e8e6e7ea04f482091bf456b0f");
    }
}
