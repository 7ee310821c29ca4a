//! Floor 3: the list of sources, and nothing else. A new one is a folder and its two lines here.

pub mod bgp;
pub mod conntrack;
pub mod cpu;
pub mod ena;
pub mod exporter;
pub mod host;
pub mod interfaces;
pub mod links;
pub mod openvpn;
pub mod panos;
pub mod softnet;
pub mod strongswan;
pub mod vrrp;
pub mod wireguard;
pub mod xfrm;

/// Every collector there is.
pub static ALL: &[&crate::collector::Spec] = &[
    &cpu::SPEC,
    &softnet::SPEC,
    &conntrack::SPEC,
    &interfaces::SPEC,
    &ena::SPEC,
    &host::SPEC,
    &panos::SPEC,
    &bgp::SPEC,
    &vrrp::SPEC,
    &strongswan::SPEC,
    &wireguard::SPEC,
    &xfrm::SPEC,
    &openvpn::SPEC,
    &links::SPEC,
    &exporter::SPEC,
];
