//! A raw HTTP client with a deadline: what the SDK would never send has to be sent by hand.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::http::Request;
use super::sigv4::{self, Key};
use super::time;

/// No answer on loopback takes longer, unless a fault says so.
const PATIENCE: Duration = Duration::from_secs(10);
/// The region the client signs for.
pub const REGION: &str = "eu-west-1";

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this (lower case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The code in `x-amzn-query-error`, without whose fault it was.
    pub fn code(&self) -> Option<&str> {
        self.header("x-amzn-query-error")?.split(';').next()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One keep-alive connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    host: String,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let host = address.to_string();
        Ok(Self { stream, host })
    }

    /// Waits at most so long for an answer.
    pub fn patience(&self, time: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(time))
    }

    /// Sends a request without a body.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Answer> {
        let mut request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), self.host.clone())],
            body: Vec::new(),
        };
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        request.headers.extend(pairs);
        self.exchange(&request)
    }

    /// Sends a body to PutMetricData as the SDK would, signed with `key`.
    pub fn put_metric_data(&mut self, body: &[u8], key: &Key) -> io::Result<Answer> {
        let request = self.signed_put(body, &[], key);
        self.exchange(&request)
    }

    /// A signed PutMetricData, with further headers, to be sent or spoilt.
    pub fn signed_put(&self, body: &[u8], headers: &[(&str, &str)], key: &Key) -> Request {
        let mut request = self.unsigned_put(body);
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        request.headers.extend(pairs);
        sigv4::sign(&mut request, key, REGION, time::unix_now() as i64);
        request
    }

    /// The same without a signature.
    pub fn unsigned_put(&self, body: &[u8]) -> Request {
        let headers = [
            ("host", self.host.as_str()),
            ("content-type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-query-mode", "true"),
        ];
        let headers = headers.into_iter();
        Request {
            method: "POST".to_owned(),
            target: "/service/GraniteServiceVersion20100801/operation/PutMetricData".to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.to_vec(),
        }
    }

    /// Sends a request as it is, with its `content-length`, and reads the answer.
    pub fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(&request.body)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        let (mut answer, head_bytes) = loop {
            if let Some(parsed) = parse(&bytes)? {
                break parsed;
            }
            self.more(&mut bytes)?;
        };
        let length = answer
            .header("content-length")
            .and_then(|text| text.parse().ok());
        let length: usize = length.unwrap_or(0);
        while bytes.len() < head_bytes + length {
            self.more(&mut bytes)?;
        }
        answer.body = bytes[head_bytes..head_bytes + length].to_vec();
        Ok(answer)
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let status = parsed
        .parse(bytes)
        .map_err(|_| io::ErrorKind::InvalidData)?;
    let httparse::Status::Complete(head_bytes) = status else {
        return Ok(None);
    };
    let headers = parsed.headers.iter();
    let headers = headers.map(|raw| {
        let value = String::from_utf8_lossy(raw.value).trim().to_owned();
        (raw.name.to_ascii_lowercase(), value)
    });
    let answer = Answer {
        status: parsed.code.unwrap_or_default(),
        headers: headers.collect(),
        body: Vec::new(),
    };
    Ok(Some((answer, head_bytes)))
}
