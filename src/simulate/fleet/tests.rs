//! Flows stay where they began, and none is forgotten.

use super::*;

fn settled(count: u32, demand: f64) -> Fleet {
    let mut fleet = Fleet::new(count, demand, 7);
    for step in 1..60 {
        fleet.step(step * STEP_SECS, demand);
    }
    fleet
}

fn conserves(fleet: &Fleet) {
    let flows = fleet.flows;
    assert_eq!(
        flows.arrived,
        flows.ended + flows.cut + flows.lost + fleet.active()
    );
}

#[test]
fn a_settled_fleet_carries_its_load_in_equal_shares() {
    let fleet = settled(4, 2.0);
    conserves(&fleet);
    for one in &fleet.firewalls {
        assert!((0.45..0.55).contains(&one.demand()), "{}", one.demand());
        assert!(!one.is_overloaded());
    }
    assert_eq!(fleet.flows.cut + fleet.flows.lost, 0);
}

#[test]
fn a_new_firewall_takes_new_flows_only() {
    let mut fleet = settled(2, 1.6);
    fleet.launch(600, 180, false);
    let old: Vec<u64> = fleet.firewalls.iter().map(|one| one.flows[2]).collect();
    for step in 60..78 {
        fleet.step(step * STEP_SECS, 0.0);
        assert_eq!(
            fleet.firewalls[2].sessions(),
            0,
            "nothing comes, nothing moves"
        );
    }
    fleet.step(780, 0.0);
    assert_eq!(fleet.firewalls[2].in_service(), Some(780));
    assert!(
        fleet
            .firewalls
            .iter()
            .zip(old)
            .all(|(one, old)| one.flows[2] <= old)
    );
    fleet.step(790, 1.6);
    assert!(fleet.firewalls[2].sessions() > 0);
    conserves(&fleet);
}

#[test]
fn a_firewall_without_a_boot_time_serves_at_the_next_step() {
    let mut fleet = settled(2, 1.6);
    fleet.step(600, 1.6);
    // As in a run: launched after the step of the same time.
    fleet.launch(600, 0, false);
    assert_eq!(fleet.firewalls[2].in_service(), None);
    fleet.step(610, 1.6);
    assert_eq!(fleet.firewalls[2].in_service(), Some(610));
    fleet.step(620, 1.6);
    assert!(fleet.firewalls[2].sessions() > 0);
}

#[test]
fn a_leaving_firewall_keeps_old_flows_and_gets_no_new_ones() {
    let mut fleet = settled(3, 1.5);
    fleet.retire(600);
    let Life::Draining(600, before) = fleet.firewalls[0].life else {
        panic!("of zone false, with two of three, the oldest");
    };
    let mut there = before;
    for step in 60..180 {
        fleet.step(step * STEP_SECS, 1.5);
        assert!(fleet.firewalls[0].sessions() <= there);
        there = fleet.firewalls[0].sessions();
    }
    assert!(there > 0 && there < before / 5);
    fleet.remove(1800, |_| true);
    assert_eq!(fleet.flows.lost, 0);
    assert_eq!(fleet.flows.cut, there);
    assert_eq!(fleet.firewalls.len(), 2);
    fleet.step(1800, 1.5);
    conserves(&fleet);
}

#[test]
fn a_dead_firewall_gets_flows_until_the_second_failed_check() {
    let mut fleet = settled(2, 1.0);
    fleet.kill(600);
    // One check has failed: it still takes new flows.
    fleet.step(600, 1.0);
    assert!(fleet.firewalls[0].takes_new());
    fleet.step(610, 1.0);
    assert!(!fleet.firewalls[0].takes_new());
    let there = fleet.firewalls[0].sessions();
    fleet.step(620, 1.0);
    assert!(fleet.firewalls[0].sessions() < there);
    assert!(fleet.flows.lost > 0);
    fleet.remove(650, |_| false);
    assert_eq!(fleet.firewalls.len(), 2);
    fleet.remove(660, |_| false);
    assert_eq!(fleet.firewalls.len(), 1);
    conserves(&fleet);
}

#[test]
fn with_nobody_healthy_flows_go_to_the_dead() {
    let mut fleet = settled(1, 0.5);
    fleet.kill(600);
    for step in 60..64 {
        fleet.step(step * STEP_SECS, 0.5);
    }
    let there = fleet.firewalls[0].sessions();
    assert!(there > 0);
    let arrived = fleet.flows.arrived;
    fleet.step(640, 0.5);
    assert!(fleet.flows.arrived > arrived);
    conserves(&fleet);
}

#[test]
fn zones_stay_balanced() {
    let mut fleet = Fleet::new(4, 0.0, 1);
    fleet.launch(10, 0, false);
    let zones: Vec<bool> = fleet.firewalls.iter().map(|one| one.zone).collect();
    assert_eq!(zones, [false, true, false, true, false]);
    fleet.retire(20);
    assert_eq!(fleet.firewalls[0].life, Life::Draining(20, 0));
    fleet.retire(30);
    // Two and two: the oldest of the first zone that is left.
    assert_eq!(fleet.firewalls[2].life, Life::Draining(30, 0));
}

#[test]
fn a_bulk_flow_begins_again_elsewhere_when_its_firewall_goes() {
    let mut fleet = settled(2, 0.5);
    fleet.place_bulk(0.5);
    let at = fleet
        .firewalls
        .iter()
        .position(|one| one.bulk > 0.0)
        .unwrap();
    fleet.firewalls[at].life = Life::Draining(600, 0);
    fleet.remove(600, |_| true);
    assert_eq!(fleet.firewalls.len(), 1);
    assert!((fleet.firewalls[0].bulk - 0.5).abs() < 1e-9);
}
