//! The authorities that AWS's endpoints are believed by.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A file of certificates to trust beside the system's.
pub const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Who is believed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Roots {
    /// Nobody.
    None,
    /// The system's authorities (or those of `SSL_CERT_FILE`), and the bundle that AWS's own tools take.
    System,
}

impl Roots {
    /// TLS 1.2 or 1.3 by ring, without a certificate of ours; HTTP/1.1, which needs no ALPN. Reads the files anew: they
    /// may have changed.
    pub(super) fn config(self) -> Arc<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        // ring has suites for both versions, and nothing else can fail here.
        #[allow(clippy::expect_used)]
        let builder = builder.expect("ring speaks TLS 1.2 and 1.3");
        let config = builder.with_root_certificates(self.store());
        Arc::new(config.with_no_client_auth())
    }

    fn store(self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        if let Roots::System = self {
            let system = rustls_native_certs::load_native_certs();
            for error in &system.errors {
                tracing::warn!("certificates of the system: {error}");
            }
            store.add_parsable_certificates(system.certs);
            store.add_parsable_certificates(bundle());
            if store.is_empty() {
                tracing::warn!(
                    "no certificate authority to trust: install the system's, or set SSL_CERT_FILE"
                );
            }
        }
        store
    }
}

/// It was checked when the environment was.
fn bundle() -> Vec<CertificateDer<'static>> {
    let Some(file) = std::env::var_os(CA_BUNDLE) else {
        return Vec::new();
    };
    let certificates = CertificateDer::pem_file_iter(file).into_iter().flatten();
    certificates.filter_map(Result::ok).collect()
}
