//! From the bytes of a request to its verdict; pure, but for the clock and the keys it is given.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::super::http::Request;
use super::super::sigv4::{self, Authorization, Key, Refused};
use super::datum::PutMetricData;
use super::limits::UNPACKED_BYTES_MAX;
use super::refusal::Refusal;
use super::{decode, fault, rules};

const PATH: &str = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
/// Headers that rpcv2Cbor fixes.
const FIXED_HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/cbor"),
    ("smithy-protocol", "rpc-v2-cbor"),
];

/// Who may come in.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Whether signatures are checked at all.
    pub verify: bool,
    /// The region that must have been signed for; any, when absent.
    pub region: Option<String>,
    /// The keys there are.
    pub keys: Vec<Key>,
    /// A call that holds this metric is refused, as one with a bad datum would be.
    pub poison: Option<String>,
    /// Bytes of a body before compression; more is refused.
    pub bytes_max: usize,
}

/// What is known of a request after looking at it.
#[derive(Debug)]
pub struct Judged {
    /// The legal input with an entity failure that was let pass, or the refusal.
    pub verdict: Result<(PutMetricData, Option<String>), Refusal>,
    /// The body after gunzip; the body itself when it could not be unpacked.
    pub body: Vec<u8>,
    /// Datums found, also in a refused request.
    pub datums: usize,
    /// Access key id, also of a refused request.
    pub access_key: Option<String>,
}

/// Looks at everything, whatever is found wrong first, so that the record of a refused call is complete.
pub fn judge(request: &Request, gate: &Gate, now_secs: f64) -> Judged {
    let unpacked = unpack(request);
    let decoded = unpacked
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|body| decode::put_metric_data(body).map_err(Refusal::serialization));
    let datums = decoded.as_ref().map_or(0, |input| input.datums().count());
    let verdict = (|| {
        route(request)?;
        size(unpacked.as_ref().map_err(Clone::clone)?, gate.bytes_max)?;
        admit(request, gate, now_secs)?;
        let input = decoded?;
        taste(&input, gate)?;
        let failure = rules::check(&input, now_secs)?;
        Ok((input, failure))
    })();
    Judged {
        verdict,
        body: unpacked.unwrap_or_else(|_| request.body.clone()),
        datums,
        access_key: access_key(request),
    }
}

fn route(request: &Request) -> Result<(), Refusal> {
    let coral = |status, code, shape| Err(Refusal::new(status, code, shape, "not taken here"));
    if request.target != PATH {
        let shape = "com.amazon.coral.service#UnknownOperationException";
        return coral(404, "UnknownOperationException", shape);
    }
    if request.method != "POST" {
        return coral(
            405,
            "MethodNotAllowed",
            "com.amazon.coral.service#MethodNotAllowed",
        );
    }
    for (name, value) in FIXED_HEADERS {
        if request.header(name) != Some(value) {
            let shape = "com.amazon.coral.service#UnsupportedMediaTypeException";
            return coral(415, "UnsupportedMediaTypeException", shape);
        }
    }
    Ok(())
}

fn unpack(request: &Request) -> Result<Vec<u8>, Refusal> {
    match request.header("content-encoding") {
        None => Ok(request.body.clone()),
        Some("gzip") => gunzip(&request.body),
        Some(other) => Err(Refusal::serialization(format!(
            "content-encoding {other} is unknown"
        ))),
    }
}

fn gunzip(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    // One byte more than is taken tells "too long" from "just fits".
    let mut reader = MultiGzDecoder::new(packed).take(UNPACKED_BYTES_MAX as u64 + 1);
    let read = reader.read_to_end(&mut body);
    read.map_err(|error| Refusal::serialization(format!("gzip: {error}")))?;
    Ok(body)
}

fn size(body: &[u8], most: usize) -> Result<(), Refusal> {
    if body.len() > most {
        return Err(Refusal::too_large(body.len(), most));
    }
    Ok(())
}

fn taste(input: &PutMetricData, gate: &Gate) -> Result<(), Refusal> {
    let bad = |name: &str| gate.poison.as_deref() == Some(name);
    if input
        .datums()
        .any(|datum| datum.metric_name.as_deref().is_some_and(bad))
    {
        return Err(Refusal::invalid("The metric is poisoned."));
    }
    Ok(())
}

fn admit(request: &Request, gate: &Gate, now_secs: f64) -> Result<(), Refusal> {
    if !gate.verify {
        return Ok(());
    }
    let find = |id: &str| gate.keys.iter().find(|key| key.id == id).cloned();
    let verified = sigv4::verify(request, now_secs as i64, gate.region.as_deref(), find);
    verified.map(|_| ()).map_err(refused)
}

/// The code of the Query protocol and the shape of the newer ones, as AWS pairs them.
fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::Missing(message) => Refusal::denied(
            "MissingAuthenticationToken",
            "com.amazon.coral.service#MissingAuthenticationTokenException",
            message,
        ),
        Refused::UnknownKey => Refusal::denied(
            "InvalidClientTokenId",
            "com.amazon.coral.service#UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Refused::Mismatch(message) => Refusal::denied(
            "SignatureDoesNotMatch",
            "com.amazon.coral.service#InvalidSignatureException",
            message,
        ),
        Refused::Expired => fault::expired_token(),
    }
}

fn access_key(request: &Request) -> Option<String> {
    let authorization = Authorization::parse(request.header("authorization")?)?;
    Some(authorization.key_id.to_owned())
}
