//! The simulator's certificate: self-signed, made when it starts.

use std::fmt::Write as _;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate and how to serve with it.
pub(super) struct Certificate {
    pub(super) pin: String,
    pub(super) pem: String,
    pub(super) config: Arc<ServerConfig>,
}

impl Certificate {
    /// A new one for `localhost`, `127.0.0.1` and `fw-a.test`.
    pub(super) fn new() -> Self {
        let names = ["localhost", "127.0.0.1", "fw-a.test"];
        let mut parameters = CertificateParams::new(names.map(str::to_owned)).unwrap();
        let name = &mut parameters.distinguished_name;
        name.push(DnType::CommonName, "localhost");
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let der = certificate.der().as_ref().to_vec();
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = versions.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_no_client_auth();
        let chain = vec![CertificateDer::from(der.clone())];
        let mut config = builder
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(secret))
            .unwrap();
        // Its web server speaks HTTP/1.1 only.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            pin: hex(&Sha256::digest(&der)),
            pem: certificate.pem(),
            config: Arc::new(config),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
