//! What was sent and what was not, against listeners on this machine.

use std::net::{SocketAddr, TcpListener};

use aws_credential_types::Credentials;

use super::*;

fn caller(of: SocketAddr) -> Lifecycle {
    let keys = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
    let client = Client {
        connector: http::connector(CONNECT_TIMEOUT),
        credentials: SharedCredentialsProvider::new(keys),
        region: "eu-west-1".to_owned(),
        url: format!("http://{of}/"),
    };
    let mut caller = Lifecycle::new(Settings::default());
    caller.client = Some(client);
    caller
}

async fn complete(of: SocketAddr) -> Reply {
    let waiting = Waiting {
        group: "g".to_owned(),
        hook: "h".to_owned(),
        instance: "i-0".to_owned(),
        region: None,
    };
    caller(of).call(Call::Complete, &waiting).await
}

#[tokio::test]
async fn what_was_never_connected_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let reader = std::thread::spawn(move || {
        use std::io::Read;
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        assert!(read > 0);
        // Closed without an answer; and so is the port.
    });
    let lost = complete(address).await;
    assert!(matches!(lost, Reply::Lost(_)), "{lost:?}");
    reader.join().unwrap();
    let Reply::Failed(why) = complete(address).await else {
        panic!("refused, and taken for sent");
    };
    assert!(
        why.contains(&format!("(http://{address}/); in a private subnet")),
        "{why}"
    );
}

#[test]
fn a_deadline_that_comes_before_sending_sent_nothing() {
    let mut caller = caller(SocketAddr::from(([127, 0, 0, 1], 1)));
    let early = caller.timed_out();
    assert_eq!(early, Reply::Failed(NO_CREDENTIALS_IN_TIME.to_owned()));
    caller.sending = true;
    let Reply::Lost(why) = caller.timed_out() else {
        panic!("it may have been sent");
    };
    assert!(
        why.starts_with("no answer within 12 s from http://127.0.0.1:1/; "),
        "{why}"
    );
}
