//! The endpoint answers wrongly, late, or not at all.

use std::time::Duration;

use crate::lab::Lab;
use crate::row::Row;
use crate::support::Fault;

const UNREACHABLE: &[&str] = &["cannot reach CloudWatch: ", "CloudWatch accepts again"];
const THROTTLED: &[&str] = &["CloudWatch throttles (", "CloudWatch accepts again"];
const DENIED: &[&str] = &["CloudWatch denies: ", "CloudWatch accepts again"];
/// More than half of a window's body: a refused batch is halved once.
const LOWER_LIMIT_SHARE: f64 = 0.6;

pub(crate) fn rows() -> Vec<Row> {
    let broken = |name, fault| Row::new(name, UNREACHABLE, always(fault));
    let denied = |name, fault| Row::new(name, DENIED, always(fault));
    vec![
        Row::new("throttling in bursts (400 Throttling)", THROTTLED, bursts).rounds(3),
        broken("500 InternalServiceError", Fault::InternalServiceError),
        broken("503 ServiceUnavailable", Fault::ServiceUnavailable),
        broken("301 redirect", Fault::Redirect(301)),
        broken("302 redirect", Fault::Redirect(302)),
        broken("connection reset after the request", Fault::RefuseRead),
        broken("bytes that are no HTTP", Fault::Garbage),
        broken("200 with HTML (portal)", Fault::NotCbor),
        broken("200 in another protocol", Fault::WrongProtocol),
        broken("200 truncated, after acceptance", Fault::TruncatedAnswer).doubles(),
        broken("answer lost after acceptance", Fault::ResetAfterAccept).doubles(),
        broken(
            "hung: reads, never answers",
            Fault::Hang(Duration::from_secs(60)),
        ),
        Row::new("slow: answers after 2 s", &[], slow),
        Row::new("413: a lower size limit", &["halved"], lower_limit).splits(),
        denied("403 AccessDenied, then restored", Fault::AccessDenied),
        denied("403 ExpiredToken, then renewed", Fault::ExpiredToken),
    ]
}

fn always(fault: Fault) -> impl Fn(&mut Lab) -> Result<(), String> {
    move |lab| {
        lab.through(fault);
        Ok(())
    }
}

fn bursts(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    for _ in 0..3 {
        lab.windows(2);
        lab.endpoint.always(Some(Fault::Throttle));
        lab.fails(2);
        let waiting = lab.spooled();
        lab.endpoint.heal();
        lab.arrive(&waiting);
    }
    Ok(())
}

fn slow(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(2);
    let late = Fault::Delay(Duration::from_secs(2));
    lab.endpoint.always(Some(late));
    lab.waits(4);
    let waiting = lab.spooled();
    lab.endpoint.heal();
    lab.arrive(&waiting);
    Ok(())
}

fn lower_limit(lab: &mut Lab) -> Result<(), String> {
    lab.start();
    lab.windows(2);
    let calls = lab.endpoint.calls();
    let largest = calls.iter().map(|call| call.uncompressed_bytes).max();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // some kB
    let limit = (largest.unwrap_or(0) as f64 * LOWER_LIMIT_SHARE) as usize;
    lab.endpoint.set_bytes_max(limit);
    lab.windows(3);
    Ok(())
}
