//! SIGTERM comes while the fault lasts: the program ends well, with all that waits on disk, and the next one sends it.

use std::time::Duration;

use crate::front::Way;
use crate::lab::Lab;
use crate::row::Row;
use crate::support::Fault;

/// The second program finds the endpoint well, and has nothing to say of it.
const SAYS: &[&str] = &[
    "cannot reach CloudWatch: ",
    "they are sent behind each fresh window",
];
const DENIED: &[&str] = &["CloudWatch denies: ", SAYS[1]];
const NO_NAME: &[&str] = &["; check DNS, [cloudwatch] region and endpoint_url", SAYS[1]];
/// A name that no resolver is asked for: a label has 63 characters at most (RFC 1035, 2.3.4).
const NO_HOST: &str =
    "http://monitoring.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid";

pub(crate) fn rows() -> Vec<Row> {
    let answers = |name, says, fault| {
        Row::new(name, says, move |lab| {
            lab.endpoint.always(Some(fault));
            ended(lab)
        })
        .repeats(2)
    };
    let hang = Fault::Hang(Duration::from_secs(60));
    let unavailable = Fault::ServiceUnavailable;
    let lost = Fault::ResetAfterAccept;
    vec![
        answers("ended during: 503", SAYS, unavailable),
        answers("ended during: 403", DENIED, Fault::AccessDenied),
        answers("ended during: hung, never answers", SAYS, hang),
        answers("ended during: answers lost", SAYS, lost).doubles(),
        Row::new("ended during: port closed", SAYS, |lab| {
            met(lab, Way::Closed)
        })
        .repeats(2),
        Row::new("ended during: accepts, never reads", SAYS, |lab| {
            met(lab, Way::Silent)
        })
        .repeats(2),
        Row::new("ended during: name not known", NO_NAME, |lab| {
            lab.send_to(NO_HOST);
            ended(lab)
        })
        .repeats(2),
    ]
}

fn met(lab: &mut Lab, way: Way) -> Result<(), String> {
    lab.front.set(way);
    let url = lab.front.url("http");
    lab.send_to(url);
    ended(lab)
}

/// Starts it, lets batches wait, ends it, and starts one that is well.
fn ended(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.fails(1);
    lab.waits(3);
    lab.stop();
    let waiting = lab.spooled();
    assert!(waiting.len() >= 3, "all waits on disk: {waiting:?}");
    lab.endpoint.heal();
    let url = lab.endpoint.url();
    lab.send_to(url);
    lab.start();
    lab.arrive(&waiting);
    Ok(())
}
