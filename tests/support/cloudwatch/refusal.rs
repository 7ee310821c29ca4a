//! Errors as CloudWatch's rpcv2Cbor answers carry them.

use ciborium::Value;

/// One error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The code of the old Query protocol, sent in `x-amzn-query-error`; SDKs report this one.
    pub code: &'static str,
    /// The shape's name, sent as `__type`.
    pub shape: &'static str,
    /// Text for people.
    pub message: String,
}

impl Refusal {
    /// A refusal of any kind.
    pub fn new(
        status: u16,
        code: &'static str,
        shape: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            shape,
            message: message.into(),
        }
    }

    /// A value that the rules do not allow.
    pub fn invalid(message: impl Into<String>) -> Self {
        let code = "InvalidParameterValue";
        Self::new(
            400,
            code,
            "com.amazonaws.cloudwatch#InvalidParameterValueException",
            message,
        )
    }

    /// Members that may not stand together.
    pub fn combination(message: impl Into<String>) -> Self {
        let shape = "com.amazonaws.cloudwatch#InvalidParameterCombinationException";
        Self::new(400, "InvalidParameterCombination", shape, message)
    }

    /// A member that must be there.
    pub fn missing(message: impl Into<String>) -> Self {
        let shape = "com.amazonaws.cloudwatch#MissingRequiredParameterException";
        Self::new(400, "MissingParameter", shape, message)
    }

    /// A body that is not what the protocol says.
    pub fn serialization(message: impl Into<String>) -> Self {
        let shape = "com.amazon.coral.service#SerializationException";
        Self::new(400, "SerializationException", shape, message)
    }

    /// An authorization error.
    pub fn denied(code: &'static str, shape: &'static str, message: impl Into<String>) -> Self {
        Self::new(403, code, shape, message)
    }

    /// A request over the size limit.
    pub fn too_large(bytes: usize, limit: usize) -> Self {
        let code = "RequestEntityTooLarge";
        let shape = "com.amazon.coral.service#RequestEntityTooLargeException";
        Self::new(
            413,
            code,
            shape,
            format!("Request size {bytes} exceeded {limit} bytes"),
        )
    }

    /// The value of the `x-amzn-query-error` header.
    pub fn query_error(&self) -> String {
        let whose = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        format!("{};{whose}", self.code)
    }

    /// The CBOR body.
    pub fn body(&self) -> Vec<u8> {
        let text = |text: &str| Value::Text(text.to_owned());
        let map = Value::Map(vec![
            (text("__type"), text(self.shape)),
            (text("message"), text(&self.message)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&map, &mut bytes).expect("a vector takes everything");
        bytes
    }
}
