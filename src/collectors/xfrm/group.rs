//! Which tunnels policies configure, and which associations carry them. Pure.
//!
//! The kernel knows no tunnels: policies hold templates of associations, and the associations come and go with each rekey.
//! What belongs together has one interface id, or one reqid; where neither is set, the same two ends.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::{Association, Direction, Policy, Template};
use crate::collector::links::Link;

/// A configured tunnel: the templates of its policies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tunnel {
    if_id: u32,
    /// The administrator set its interface down.
    is_off: bool,
    incoming: BTreeSet<Template>,
    outgoing: BTreeSet<Template>,
}

/// All tunnels by name.
pub(super) fn tunnels(policies: &[Policy], links: &[Link]) -> BTreeMap<String, Tunnel> {
    let mut found: BTreeMap<String, Tunnel> = BTreeMap::new();
    for policy in policies {
        for template in &policy.templates {
            let link = link(policy, links);
            let name = name(policy, template, link);
            let tunnel = found.entry(name).or_default();
            tunnel.if_id = policy.if_id;
            tunnel.is_off = link.is_some_and(|link| !link.is_on);
            let templates = match policy.direction {
                Direction::In => &mut tunnel.incoming,
                Direction::Out => &mut tunnel.outgoing,
            };
            templates.insert(*template);
        }
    }
    for tunnel in found.values_mut() {
        tunnel.complete();
    }
    found
}

/// The interface of a policy that has one.
fn link<'a>(policy: &Policy, links: &'a [Link]) -> Option<&'a Link> {
    let mut links = links.iter().filter(|_| policy.if_id != 0);
    links.find(|link| link.xfrm_if_id == Some(policy.if_id))
}

fn name(policy: &Policy, template: &Template, link: Option<&Link>) -> String {
    if policy.if_id != 0 {
        return link.map_or_else(|| format!("if_id {}", policy.if_id), |l| l.name.clone());
    }
    if template.reqid != 0 {
        return format!("reqid {}", template.reqid);
    }
    let (ours, theirs) = match policy.direction {
        Direction::In => (template.destination, template.source),
        Direction::Out => (template.source, template.destination),
    };
    format!("{ours}-{theirs}")
}

impl Tunnel {
    /// A tunnel has two directions: where policies are of one alone, the other's associations are its mirror.
    fn complete(&mut self) {
        let mirror = |templates: &BTreeSet<Template>| {
            let mirrored = templates.iter().map(|template| Template {
                destination: template.source,
                source: template.destination,
                ..*template
            });
            mirrored.collect()
        };
        if self.incoming.is_empty() {
            self.incoming = mirror(&self.outgoing);
        }
        if self.outgoing.is_empty() {
            self.outgoing = mirror(&self.incoming);
        }
    }

    /// Up, or down; `None` where the administrator switched it off.
    pub(super) fn state(&self, associations: &[Association]) -> Option<bool> {
        (!self.is_off).then(|| self.is_up(associations.iter()))
    }

    /// Each template has its association, in both directions. A rekey has two for a while.
    pub(super) fn is_up<'a>(
        &self,
        associations: impl Iterator<Item = &'a Association> + Clone,
    ) -> bool {
        let mut templates = self.incoming.iter().chain(&self.outgoing);
        templates.all(|template| {
            let mut ready = associations.clone().filter(|one| one.is_ready);
            ready.any(|association| self.serves(association, template))
        })
    }

    /// It is one of the tunnel's, in either direction.
    pub(super) fn has(&self, association: &Association) -> bool {
        let mut templates = self.incoming.iter().chain(&self.outgoing);
        templates.any(|template| self.serves(association, template))
    }

    /// Its associations, each with its direction.
    pub(super) fn members<'a>(
        &self,
        associations: &'a [Association],
    ) -> Vec<(Direction, &'a Association)> {
        let any = |templates: &BTreeSet<Template>, association| {
            let mut templates = templates.iter();
            templates.any(|template| self.serves(association, template))
        };
        let ready = associations.iter().filter(|a| a.is_ready);
        ready
            .filter_map(|association| {
                if any(&self.incoming, association) {
                    return Some((Direction::In, association));
                }
                any(&self.outgoing, association).then_some((Direction::Out, association))
            })
            .collect()
    }

    /// As the kernel chooses (net/xfrm/xfrm_state.c, xfrm_state_find; net/xfrm/xfrm_policy.c, xfrm_state_ok).
    fn serves(&self, association: &Association, template: &Template) -> bool {
        let is = |wanted: super::wire::Address, address| wanted.is_any() || wanted == address;
        association.protocol == template.protocol
            && association.if_id == self.if_id
            && (template.reqid == 0 || association.reqid == template.reqid)
            && is(template.destination, association.destination)
            && is(template.source, association.source)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::collectors::xfrm::wire::Address;

    fn address(last: u8) -> Address {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&[198, 18, 1, last]);
        Address::new(bytes, 2)
    }

    fn policy(direction: Direction, reqid: u32, if_id: u32) -> Policy {
        let (ours, theirs) = (address(1), address(2));
        let (source, destination) = match direction {
            Direction::In => (theirs, ours),
            Direction::Out => (ours, theirs),
        };
        Policy {
            direction,
            if_id,
            templates: vec![Template {
                destination,
                source,
                protocol: 50,
                reqid,
            }],
        }
    }

    /// An association from one of our ends to the other.
    pub(in crate::collectors::xfrm) fn association(
        from: u8,
        to: u8,
        spi: u32,
        reqid: u32,
    ) -> Association {
        Association {
            destination: address(to),
            source: address(from),
            spi,
            protocol: 50,
            reqid,
            if_id: 0,
            added: 1_800_000_000,
            bytes: 0,
            errors: 0,
            is_ready: true,
        }
    }

    pub(in crate::collectors::xfrm) fn both(reqid: u32) -> [Policy; 2] {
        [Direction::In, Direction::Out].map(|direction| policy(direction, reqid, 0))
    }

    #[test]
    fn a_tunnel_is_up_with_an_association_each_way() {
        let tunnels = tunnels(&both(1), &[]);
        let tunnel = &tunnels["reqid 1"];
        let (out, back) = (association(1, 2, 0x10, 1), association(2, 1, 0x20, 1));
        assert!(!tunnel.is_up([].iter()));
        assert!(!tunnel.is_up([&out].into_iter()));
        assert!(tunnel.is_up([out.clone(), back.clone()].iter()));
        // A rekey: the old and the new.
        let newer = association(1, 2, 0x11, 1);
        assert!(tunnel.is_up([out.clone(), newer, back.clone()].iter()));
        let mut larval = back.clone();
        larval.is_ready = false;
        assert!(!tunnel.is_up([out.clone(), larval].iter()));
        let other = association(2, 1, 0x20, 2);
        assert!(!tunnel.is_up([out, other].iter()));
    }

    #[test]
    fn one_way_of_policies_still_needs_both_associations() {
        let tunnels = tunnels(&both(1)[1..], &[]);
        let out = association(1, 2, 0x10, 1);
        assert!(!tunnels["reqid 1"].is_up([&out].into_iter()));
        assert!(tunnels["reqid 1"].is_up([out, association(2, 1, 0x20, 1)].iter()));
    }

    #[test]
    fn names_are_the_interface_the_reqid_or_the_ends() {
        let links = [Link {
            name: "ipsec0".to_owned(),
            index: 9,
            kind: Some("xfrm".to_owned()),
            is_on: true,
            xfrm_if_id: Some(42),
            ..Link::default()
        }];
        for (reqid, if_id, name) in [
            (7, 42, "ipsec0"),
            (7, 43, "if_id 43"),
            (7, 0, "reqid 7"),
            (0, 0, "198.18.1.1-198.18.1.2"),
        ] {
            let policies = [Direction::In, Direction::Out].map(|way| policy(way, reqid, if_id));
            let names: Vec<String> = tunnels(&policies, &links).into_keys().collect();
            assert_eq!(names, [name]);
        }
        let mut off = links;
        off[0].is_on = false;
        let tunnels = tunnels(&[policy(Direction::Out, 7, 42)], &off);
        assert_eq!(tunnels["ipsec0"].state(&[]), None);
    }

    #[test]
    fn associations_have_the_direction_of_their_template() {
        let tunnels = tunnels(&both(1), &[]);
        let all = [association(1, 2, 0x10, 1), association(2, 1, 0x20, 1)];
        let members = tunnels["reqid 1"].members(&all);
        assert_eq!(
            members,
            [(Direction::Out, &all[0]), (Direction::In, &all[1])]
        );
    }
}
