//! The way to the endpoint: ports, names, certificates and proxies.

use crate::front::Way;
use crate::lab::Lab;
use crate::row::Row;
use crate::support::Authority;
use crate::tls::serving;

const NO_CONNECTION: &[&str] = &[
    "cannot reach CloudWatch: NoConnection: ",
    "CloudWatch accepts again",
];
const UNKNOWN: &[&str] = &[
    "UnknownIssuer; trust its issuer by SSL_CERT_FILE or AWS_CA_BUNDLE",
    "CloudWatch accepts again",
];
const EXPIRED: &[&str] = &["Expired; renew it", "CloudWatch accepts again"];
const ANOTHERS: &[&str] = &["not valid for name", "CloudWatch accepts again"];
const NO_TLS: &[&str] = &["no TLS is spoken there", "CloudWatch accepts again"];
const PROXY: &[&str] = &[
    "look at the proxy that HTTPS_PROXY or ALL_PROXY names",
    "CloudWatch accepts again",
];
/// On a busy machine a call may be cut off under way, or come too late to its own time-out: two states, each said once.
const AGAIN: &[&str] = &["CloudWatch accepts again"];
const UNREACHABLE: &[&str] = &["cannot reach CloudWatch: ", "CloudWatch accepts again"];
/// A name that no resolver knows (RFC 6761, 6.4). Not on this machine, so that a proxy is asked for it.
const NO_HOST: &str = "monitoring.fwm-test.invalid";
const NO_OPENSSL: &str = "no openssl that makes certificates (3.0 or newer)";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("port closed, then open", NO_CONNECTION, closed),
        Row::new(
            "endpoint goes away and comes back",
            &UNREACHABLE[1..],
            goes_away,
        )
        .doubles(),
        Row::new("accepts, never reads", UNREACHABLE, silent),
        Row::new("TLS: unknown authority", UNKNOWN, |lab| {
            tls(lab, |_, subject| {
                let other = Authority::new("other-authority").ok_or(NO_OPENSSL)?;
                Ok(Way::Tls(serving(&other.certificate("leaf", subject))))
            })
        }),
        Row::new("TLS: expired certificate", EXPIRED, |lab| {
            tls(lab, |ours, subject| {
                Ok(Way::Tls(serving(&ours.expired("expired", subject))))
            })
        }),
        Row::new("TLS: another host's certificate", ANOTHERS, |lab| {
            tls(lab, |ours, _| {
                let other = ours.certificate("other", "DNS:other.invalid");
                Ok(Way::Tls(serving(&other)))
            })
        }),
        Row::new("TLS: handshake hangs", AGAIN, |lab| {
            tls(lab, |_, _| Ok(Way::Silent))
        }),
        Row::new("TLS: plain HTTP on the port", NO_TLS, |lab| {
            tls(lab, |_, _| Ok(Way::Plain))
        }),
        Row::new("proxy dead", PROXY, |lab| proxy(lab, Way::Closed)),
        Row::new("proxy refuses CONNECT", PROXY, |lab| {
            proxy(lab, Way::Refuse)
        }),
    ]
}

fn closed(lab: &mut Lab) -> Result<(), String> {
    let url = lab.front.url("http");
    lab.send_to(url);
    lab.behind(Way::Closed, Way::Plain);
    Ok(())
}

fn goes_away(lab: &mut Lab) -> Result<(), String> {
    lab.front.set(Way::Plain);
    let url = lab.front.url("http");
    lab.send_to(url);
    lab.start();
    lab.windows(2);
    lab.front.set(Way::Closed);
    lab.fails(2);
    lab.waits(3);
    let waiting = lab.spooled();
    lab.front.set(Way::Plain);
    lab.arrive(&waiting);
    Ok(())
}

fn silent(lab: &mut Lab) -> Result<(), String> {
    let url = lab.front.url("http");
    lab.send_to(url);
    lab.behind(Way::Silent, Way::Plain);
    Ok(())
}

/// Broken as said, then with a good certificate.
fn tls<B>(lab: &mut Lab, broken: B) -> Result<(), String>
where
    B: Fn(&Authority, &str) -> Result<Way, &'static str>,
{
    let ours = Authority::new("authority").ok_or(NO_OPENSSL)?;
    let subject = format!("IP:{}", lab.front.address().ip());
    let good = Way::Tls(serving(&ours.certificate("good", &subject)));
    let broken = broken(&ours, &subject)?;
    lab.environment("AWS_CA_BUNDLE", ours.bundle());
    let url = lab.front.url("https");
    lab.send_to(url);
    lab.behind(broken, good);
    Ok(())
}

/// A proxy between us and an endpoint with TLS.
fn proxy(lab: &mut Lab, broken: Way) -> Result<(), String> {
    let ours = Authority::new("authority").ok_or(NO_OPENSSL)?;
    let good = ours.certificate("good", &format!("DNS:{NO_HOST}"));
    lab.environment("AWS_CA_BUNDLE", ours.bundle());
    let url = lab.front.url("http");
    lab.environment("HTTPS_PROXY", url);
    lab.send_to(format!("https://{NO_HOST}"));
    lab.behind(broken, Way::Tunnel(serving(&good)));
    Ok(())
}
