//! TLS for outbound calls: one crypto provider, named explicitly, so that no process-wide default is needed.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::TransportError;

/// The system's certificate authorities; Mozilla's, compiled in, where the image has none.
pub(super) fn config() -> Result<ClientConfig, TransportError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
