//! The parsers of PAN-OS replies: golden replies with their values, refusals, hostile XML, and properties.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use fwmetrics::collectors::panos::wire::{self, Element, Oddities, reply};

#[path = "panos_wire/golden.rs"]
mod golden;
#[path = "panos_wire/hostile.rs"]
mod hostile;
#[path = "panos_wire/peers.rs"]
mod peers;
#[path = "panos_wire/properties.rs"]
mod properties;
#[path = "panos_wire/refusals.rs"]
mod refusals;

fn folder() -> PathBuf {
    Path::new(file!()).with_file_name("fixtures").join("panos")
}

/// A golden reply.
fn body(name: &str) -> Vec<u8> {
    let path = folder().join(name).with_added_extension("xml");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All golden replies, by name.
static BODIES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let files = std::fs::read_dir(folder()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut bodies: Vec<(String, Vec<u8>)> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "xml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    bodies.sort();
    assert!(bodies.len() > 40);
    bodies
});

/// What a parser makes of a golden reply, and what it found odd.
fn read<T>(name: &str, parser: impl Fn(&Element, &mut Oddities) -> T) -> (T, Vec<String>) {
    let result = reply(200, &body(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut odd = Oddities::new();
    let value = parser(&result, &mut odd);
    (value, odd.into_iter().collect())
}

/// What a parser makes of a golden reply with nothing odd in it.
fn fine<T>(name: &str, parser: impl Fn(&Element, &mut Oddities) -> Result<T, String>) -> T {
    let (value, odd) = read(name, parser);
    assert_eq!(odd, Vec::<String>::new(), "{name}");
    value.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A reply around this text.
fn wrapped(result: &str) -> Element {
    let body = format!("<response status=\"success\"><result>{result}</result></response>");
    reply(200, body.as_bytes()).unwrap_or_else(|error| panic!("{result}: {error}"))
}

/// What every parser makes of a reply, in words.
fn everything(result: &Element) -> Vec<String> {
    let odd = &mut Oddities::new();
    vec![
        format!("{:?}", wire::key(result)),
        format!("{:?}", wire::resources(result, odd)),
        format!("{:?}", wire::sessions(result, odd)),
        format!("{:?}", wire::vsys_meter(result, odd)),
        format!("{:?}", wire::management_cpu(result, odd)),
        format!("{:?}", wire::management_memory(result, odd)),
        format!("{:?}", wire::system(result, odd)),
        format!("{:?}", wire::tunnels(result, odd)),
        format!("{:?}", wire::tunnel_errors(result, odd)),
        format!("{:?}", wire::high_availability(result, odd)),
        format!("{:?}", wire::bgp_legacy(result, odd)),
        format!("{:?}", wire::bgp_advanced(result, odd)),
        format!("{:?}", wire::global_counters(result, odd)),
        format!("{:?}", wire::interface_counters(result, odd)),
        format!("{:?}", wire::interface_states(result, odd)),
        format!("{:?}", wire::remote_access_users(result, odd)),
        format!("{:?}", wire::policy_forwarding(result, odd)),
        format!("{:?}", wire::ssl_sessions(result, odd)),
        format!("{:?}", wire::buffer_protection(result, odd)),
        format!("{:?}", wire::panorama(result, odd)),
        format!("{:?}", wire::licenses(result, odd)),
    ]
}
