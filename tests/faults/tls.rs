//! Server settings of TLS, from files.

use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::certificates::Certificate;

/// TLS 1.3 and 1.2 with this certificate, as AWS has them.
pub(crate) fn serving(with: &Certificate) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(&with.certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(&with.key).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has both")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("key and certificate fit");
    Arc::new(config)
}
