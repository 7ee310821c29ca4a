//! The SDK's requests over HTTP/1.1 by hyper: kept connections, time-outs, proxies.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_smithy_types::body::SdkBody;
use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::line::Dial;
use super::roots::Roots;

/// To connect, and to be answered.
type Within = (Option<Duration>, Option<Duration>);

/// Makes a connector for each pair of time-outs that the SDK asks with, each with connections of its own.
#[derive(Debug)]
pub(super) struct Client {
    proxies: Option<Arc<Matcher>>,
    roots: Roots,
    made: Mutex<Vec<(Within, SharedHttpConnector)>>,
}

impl Client {
    /// Nothing is opened or read yet.
    pub(super) fn new(proxies: Option<Arc<Matcher>>, roots: Roots) -> Self {
        Client {
            proxies,
            roots,
            made: Mutex::default(),
        }
    }

    /// A connector with these time-outs.
    pub(super) fn make(&self, (connect, answer): Within) -> SharedHttpConnector {
        let dial = Dial::new(self.proxies.clone(), self.roots.config(), connect);
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        // Or what lies idle is never closed.
        builder.pool_timer(TokioTimer::new());
        Carrier {
            client: builder.build(dial),
            proxies: self.proxies.clone(),
            within: answer,
        }
        .into_shared()
    }
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let within = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = made.iter().find(|(of, _)| *of == within) {
            return known.clone();
        }
        let connector = self.make(within);
        made.push((within, connector.clone()));
        connector
    }
}

struct Carrier {
    client: legacy::Client<Dial, SdkBody>,
    proxies: Option<Arc<Matcher>>,
    /// Until the head of the answer is there.
    within: Option<Duration>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier").finish_non_exhaustive()
    }
}

impl HttpConnector for Carrier {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        self.authorize(&mut request);
        lend(&mut request);
        let answer = self.client.request(request);
        let within = self.within;
        HttpConnectorFuture::new(async move {
            let answer = match within {
                Some(within) => timeout(within, answer).await.map_err(|_| {
                    let why = format!("HTTP read timeout occurred after {within:?}");
                    ConnectorError::timeout(why.into())
                })?,
                None => answer.await,
            };
            let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
            let answer = HttpResponse::try_from(answer.map(SdkBody::from_body_1_x));
            answer.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl Carrier {
    /// A proxy that forwards is shown its password with each request; a tunnel was, when it was made.
    fn authorize(&self, request: &mut http::Request<SdkBody>) {
        let proxies = self
            .proxies
            .as_ref()
            .filter(|_| request.uri().scheme() == Some(&Scheme::HTTP));
        let proxy = proxies.and_then(|all| all.intercept(request.uri()));
        if let Some(auth) = proxy.as_ref().and_then(|proxy| proxy.basic_auth()) {
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, auth.clone());
        }
    }
}

/// The SDK gives up a connection over which a server said that it is unwell; the next request makes another.
fn lend(request: &mut http::Request<SdkBody>) {
    let carried = capture_connection(request);
    if let Some(asked) = request.extensions().get::<CaptureSmithyConnection>() {
        asked.set_connection_retriever(move || metadata(carried.clone()));
    }
}

fn metadata(carried: CaptureConnection) -> Option<ConnectionMetadata> {
    let is_proxied = carried.connection_metadata().as_ref()?.is_proxied();
    let poison = move || {
        if let Some(connection) = carried.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    let metadata = ConnectionMetadata::builder();
    Some(metadata.proxied(is_proxied).poison_fn(poison).build())
}
