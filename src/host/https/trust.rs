//! Who is believed: an authority, certain certificates, or whoever answers.

use std::fmt;
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::HttpsError;
use crate::host::secrets;

/// How a certificate is judged.
#[derive(Debug, Clone)]
pub enum Trust {
    /// It is signed by an authority in this file (PEM), and has the right name.
    Authority(String),
    /// Its SHA-256 is one of these; neither name nor age matters.
    Pins(Vec<[u8; 32]>),
    /// It is not judged.
    Anyone,
}

/// Makes connectors.
pub(super) struct Tls {
    name: ServerName<'static>,
    trust: Trust,
    provider: Arc<CryptoProvider>,
    /// For those that need no file.
    made: Option<TlsConnector>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(name: &str, trust: Trust) -> Result<Self, String> {
        let parsed = ServerName::try_from(name.to_owned());
        Ok(Tls {
            name: parsed.map_err(|_| format!("{name:?} is no name of a host"))?,
            trust,
            provider: Arc::new(ring::default_provider()),
            made: None,
        })
    }

    pub(super) fn name(&self) -> ServerName<'static> {
        self.name.clone()
    }

    /// For the next connection. The authority's file is read each time: it may have changed.
    pub(super) async fn connector(&mut self) -> Result<TlsConnector, HttpsError> {
        if let Some(made) = &self.made {
            return Ok(made.clone());
        }
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trust {
            Trust::Authority(file) => {
                let verifier = authority(file, &self.provider).await;
                verifier.map_err(HttpsError::Untrusted)?
            }
            Trust::Pins(pins) => Arc::new(Pinned {
                pins: Some(pins.clone()),
                provider: Arc::clone(&self.provider),
            }),
            Trust::Anyone => Arc::new(Pinned {
                pins: None,
                provider: Arc::clone(&self.provider),
            }),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpsError::Untrusted(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // Connections are kept, and each new one is judged anew: tickets would be kept in memory for nothing.
        config.resumption = Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        if !matches!(self.trust, Trust::Authority(_)) {
            self.made = Some(connector.clone());
        }
        Ok(connector)
    }
}

/// Judges by the authorities in a file.
async fn authority(
    file: &str,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let pem = secrets::file(file).await?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("{file} is no PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("a certificate in {file} is none: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{file} holds no certificate (PEM)"));
    }
    let builder =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    builder.build().map_err(|error| format!("{file}: {error}"))
}

/// Judges by the certificate itself, or not at all; that its owner answers is always proved.
#[derive(Debug)]
struct Pinned {
    /// `None`: anyone.
    pins: Option<Vec<[u8; 32]>>,
    provider: Arc<CryptoProvider>,
}

/// Another certificate than those that are pinned.
#[derive(Debug, thiserror::Error)]
#[error(
    "its certificate has SHA-256 {0}, which is not in tls_sha256; if it was renewed and this is it, add it there"
)]
struct Unpinned(String);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        match &self.pins {
            Some(pins) if !pins.contains(&seen) => {
                let hex: String = seen.iter().map(|byte| format!("{byte:02x}")).collect();
                let other = OtherError(Arc::new(Unpinned(hex)));
                Err(Error::InvalidCertificate(CertificateError::Other(other)))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Why a certificate was refused, with what to do; `None` where it is not about the certificate.
pub(super) fn why(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<Error>()?;
    let Error::InvalidCertificate(wrong) = inner else {
        return None;
    };
    Some(match wrong {
        CertificateError::Other(other) => match other.0.downcast_ref::<Unpinned>() {
            Some(unpinned) => unpinned.to_string(),
            // webpki says so of a certificate that signed itself and is called an authority.
            None => format!(
                "{}; a certificate that signed itself is better named by tls_sha256",
                other.0
            ),
        },
        // One that is called like an authority in the file, and has another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is signed by none of those in ca_file; put the authority that signed it there, or use tls_sha256"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name; set tls_name to the one in it".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it, or look at this machine's clock".to_owned()
        }
        other => format!("its certificate is refused: {other:?}"),
    })
}
