//! Golden replies about the device and its dataplane, with the values that they hold.

use fwmetrics::collectors::panos::wire::*;

use super::{fine, read, wrapped};

fn cores(resources: &Resources) -> Vec<(&str, u32, &[f64])> {
    let cores = resources.cores.iter();
    cores
        .map(|core| (&*core.dataplane, core.id, &*core.percent))
        .collect()
}

fn pools(resources: &Resources) -> Vec<(&str, PoolKind, &[f64])> {
    let pools = resources.pools.iter();
    pools
        .map(|pool| (&*pool.dataplane, pool.kind, &*pool.percent))
        .collect()
}

#[test]
fn a_dataplane_is_read_oldest_first_without_its_core_0() {
    let vm = fine("resources-vm-10.1", resources);
    let wanted: [(&str, u32, &[f64]); 3] = [
        ("dp0", 1, &[12.0, 6.0, 7.0, 41.0]),
        ("dp0", 2, &[11.0, 5.0, 8.0, 38.0]),
        ("dp0", 3, &[10.0, 7.0, 9.0, 44.0]),
    ];
    assert_eq!(cores(&vm), wanted);
    let wanted: [(&str, PoolKind, &[f64]); 3] = [
        ("dp0", PoolKind::PacketBuffer, &[0.0, 0.0, 1.0, 1.0]),
        ("dp0", PoolKind::PacketDescriptor, &[0.0, 1.0, 2.0, 3.0]),
        ("dp0", PoolKind::OnChipDescriptor, &[0.0, 5.0, 0.0, 0.0]),
    ];
    assert_eq!(pools(&vm), wanted);
    let small = fine("resources-vm-small-12.1", resources);
    assert_eq!(cores(&small), [("dp0", 1, &[98.0, 99.0, 100.0] as &[f64])]);
}

#[test]
fn every_dataplane_counts_whatever_its_name_and_stars_are_no_cores() {
    let chassis = fine("resources-chassis-11.1", resources);
    let wanted: [(&str, u32, &[f64]); 4] = [
        ("s2dp0", 1, &[51.0, 52.0, 53.0, 54.0, 55.0]),
        ("s2dp0", 2, &[64.0, 63.0, 62.0, 61.0, 60.0]),
        // This card has run for two seconds.
        ("s1dp1", 1, &[13.0, 12.0]),
        ("s1dp1", 2, &[15.0, 14.0]),
    ];
    assert_eq!(cores(&chassis), wanted);
    assert_eq!(chassis.pools.len(), 5);
    let on_chip = chassis.pools.last().unwrap();
    assert_eq!(on_chip.kind, PoolKind::OnChipDescriptor);
    assert_eq!(on_chip.percent, [9.0, 8.0]);
}

#[test]
fn an_answer_in_text_has_no_dataplanes() {
    let (found, _) = read("resources-text-11.2", resources);
    assert_eq!(found, Err("no data-processors in the answer".to_owned()));
}

fn one_dataplane(entries: &str) -> (Resources, Vec<String>) {
    let mut odd = Oddities::new();
    let result = wrapped(&format!(
        "<resource-monitor><data-processors><dp0><second><cpu-load-average>{entries}</cpu-load-average></second></dp0>\
         </data-processors></resource-monitor>"
    ));
    let found = resources(&result, &mut odd).unwrap();
    (found, odd.into_iter().collect())
}

#[test]
fn core_0_stays_where_it_is_the_only_core() {
    let (found, odd) = one_dataplane(
        "<entry><coreid>0</coreid><value>5</value></entry><entry><coreid>1</coreid><value>*,*</value></entry>",
    );
    assert_eq!(cores(&found), [("dp0", 0, &[5.0] as &[f64])]);
    assert!(odd.is_empty());
}

#[test]
fn a_core_that_cannot_be_read_does_not_bring_core_0_back() {
    for (value, oddity) in [
        ("101,5", "core dp0/1: \"101\" is no percentage"),
        ("5,101", "core dp0/1: \"101\" is no percentage"),
        ("warm,5", "core dp0/1: \"warm\" is no number"),
        ("-3", "core dp0/1: \"-3\" is no number"),
    ] {
        let (found, odd) = one_dataplane(&format!(
            "<entry coreid='0' value='0,0'/><entry coreid='1' value='{value}'/>"
        ));
        assert!(found.cores.is_empty(), "{value}");
        assert_eq!(odd, [oddity]);
    }
}

#[test]
fn sessions_are_read_with_commas_and_gaps() {
    assert_eq!(
        fine("sessions-vm-10.1", sessions),
        Sessions {
            active: Some(1837.0),
            max: Some(250_000.0),
            tcp: Some(1204.0),
            udp: Some(601.0),
            icmp: Some(32.0),
            per_second: Some(57.0),
            packets_per_second: Some(18_250.0),
            kilobits_per_second: Some(96_411.0),
        }
    );
    let (chassis, odd) = read("sessions-chassis-12.1", sessions);
    assert_eq!(
        chassis,
        Ok(Sessions {
            active: Some(1_128_540.0),
            max: Some(32e6),
            tcp: Some(900_000.0),
            packets_per_second: Some(2_250_000.0),
            kilobits_per_second: Some(10e6),
            ..Sessions::default()
        })
    );
    assert_eq!(odd, ["num-icmp: \"many\" is not a number"]);
    assert!(read("system-vm-10.1", sessions).0.is_err());
}

#[test]
fn virtual_systems_are_summed_over_dataplanes_and_idle_slots_left_out() {
    let one = |vsys: &str, current| VsysSessions {
        vsys: vsys.to_owned(),
        current,
    };
    assert_eq!(fine("meter-vm-11.1", vsys_meter), [one("vsys1", 0.0)]);
    let (chassis, odd) = read("meter-chassis-11.1", vsys_meter);
    // vsys3 is a slot without anything; one dataplane's part of vsys4 is not known.
    assert_eq!(chassis, Ok(vec![one("vsys1", 1350.0), one("vsys2", 0.0)]));
    assert_eq!(odd, ["current: \"?\" is not a number"]);
    assert!(read("empty", vsys_meter).0.is_err());
}

#[test]
fn the_management_plane_is_as_busy_as_its_busiest_slot() {
    assert_eq!(
        read("management-cpu-vm-10.1", management_cpu),
        (Some(3.0), vec![])
    );
    assert_eq!(
        read("management-cpu-chassis-11.1", management_cpu),
        (Some(27.0), vec![])
    );
    assert_eq!(
        read("management-cpu-none-12.1", management_cpu),
        (None, vec![])
    );
    for text in [
        "sys.monitor.s0.mp.exports: { 'cpu': { '1minavg': 300, }, }",
        "sys.monitor.s0.mp.exports: { 'cpu': { '1minavg': , }, }",
        "something else",
    ] {
        let mut odd = Oddities::new();
        assert_eq!(management_cpu(&wrapped(text), &mut odd), None);
        assert_eq!(odd.len(), 1, "{text}");
    }
}

#[test]
fn memory_is_read_from_every_form_of_top() {
    for (name, percent) in [
        ("memory-vm-10.1", 75.0),
        ("memory-pa440-10.2", 25.0),
        ("memory-vm-11.1", 25.0),
        ("memory-pa5580-12.1", 25.0),
    ] {
        assert_eq!(
            read(name, management_memory),
            (Some(percent), vec![]),
            "{name}"
        );
    }
    let (cut, odd) = read("memory-cut-12.1", management_memory);
    assert_eq!(cut, None);
    assert_eq!(odd.len(), 1);
    assert_eq!(read("empty", management_memory), (None, vec![]));
}

#[test]
fn a_firewall_says_who_it_is() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        fine("system-vm-10.1", system),
        System {
            hostname: some("fw-edge-a"),
            serial: some("007900000042"),
            model: some("PA-VM"),
            release: some("10.1.14"),
            uptime_secs: Some(98.0 * 86_400.0 + 23.0 * 3600.0 + 42.0 * 60.0 + 29.0),
            advanced_routing: None,
            device_certificate: None,
        }
    );
    let fresh = fine("system-vm-11.1", system);
    assert_eq!(fresh.serial, None);
    assert_eq!(fresh.uptime_secs, Some(425.0));
    assert_eq!(fresh.advanced_routing, Some(true));
    assert_eq!(fresh.device_certificate, some("Valid"));
    let (chassis, odd) = read("system-chassis-12.1", system);
    let chassis = chassis.unwrap();
    assert_eq!(chassis.hostname, some("core & west"));
    assert_eq!(chassis.uptime_secs, None);
    assert_eq!(chassis.advanced_routing, Some(false));
    assert_eq!(odd, ["uptime: \"1 day, 24:00:00\" is no time"]);
    let version = fine("version-vm-11.1", system);
    assert_eq!(version.release, some("11.1.4-h7"));
    assert!(read("empty", system).0.is_err());
}

#[test]
fn counters_without_a_readable_value_are_left_out() {
    let (drops, odd) = read("counters-drop-vm-11.1", global_counters);
    let drops = drops.unwrap();
    let values: Vec<(&str, u64)> = drops.iter().map(|c| (&*c.name, c.value)).collect();
    assert_eq!(
        values,
        [
            ("flow_policy_deny", 1204),
            ("flow_tcp_non_syn_drop", u64::MAX)
        ]
    );
    assert_eq!(
        odd,
        [
            "value: \"overflow\" is not a whole number",
            "counter without a name"
        ]
    );
    let dos = fine("counters-dos-vm-10.1", global_counters);
    assert_eq!(
        dos,
        [Counter {
            name: "flow_dos_syncookie_sent".to_owned(),
            value: 77,
            severity: "info".to_owned(),
            aspect: "dos".to_owned(),
        }]
    );
    assert_eq!(fine("counters-none-12.1", global_counters), []);
    assert!(read("empty", global_counters).0.is_err());
}

#[test]
fn interfaces_are_counted_once_each() {
    let (vm, odd) = read("interfaces-vm-11.1", interface_counters);
    let vm = vm.unwrap();
    assert_eq!(
        vm.hardware,
        [
            Hardware {
                name: "ethernet1/1".to_owned(),
                received_bytes: Some(1000),
                sent_bytes: Some(2000),
                received_packets: Some(10),
                sent_packets: Some(20),
                receive_errors: Some(1),
                receive_drops: Some(2),
                send_errors: Some(3),
            },
            Hardware {
                name: "ethernet1/2".to_owned(),
                sent_bytes: Some(5),
                ..Hardware::default()
            },
        ]
    );
    let logical = |name: &str, received_bytes, sent_bytes| Logical {
        name: name.to_owned(),
        received_bytes,
        sent_bytes,
    };
    assert_eq!(
        vm.logical,
        [
            logical("ethernet1/1", Some(900), Some(1900)),
            logical("tunnel.1", Some(700), Some(800))
        ]
    );
    assert_eq!(odd, ["ibytes: \"12x\" is not a whole number"]);
    let chassis = fine("interfaces-chassis-12.1", interface_counters);
    assert_eq!(chassis.hardware.len(), 1);
    assert_eq!(chassis.hardware[0].received_bytes, Some(100));
    assert_eq!(
        chassis.logical,
        [
            logical("ae1.100", Some(11), Some(12)),
            logical("tunnel.7", Some(13), None)
        ]
    );
    assert!(read("empty", interface_counters).0.is_err());
}

#[test]
fn an_interface_is_up_or_down_or_left_out() {
    let (states, odd) = read("states-vm-11.1", interface_states);
    let wanted = [
        ("ethernet1/1", true),
        ("ethernet1/2", false),
        ("tunnel", true),
    ];
    assert_eq!(
        states.unwrap(),
        wanted.map(|(name, up)| (name.to_owned(), up))
    );
    assert_eq!(odd, ["state: \"power-down\" is not a word that is known"]);
    assert!(read("empty", interface_states).0.is_err());
}

#[test]
fn congestion_is_a_share_of_its_limit() {
    let found = fine("buffer-protection-chassis-11.1", buffer_protection);
    assert_eq!(
        found,
        [("s1.dp0".to_owned(), 5.0), ("s3.dp0".to_owned(), 100.0)]
    );
    assert!(read("empty", buffer_protection).0.is_err());
}

#[test]
fn licenses_expire_on_a_day_or_never() {
    let (found, odd) = read("licenses-vm-12.1", licenses);
    let one = |feature: &str, expires, expired| License {
        feature: feature.to_owned(),
        expires,
        expired: Some(expired),
    };
    assert_eq!(
        found.unwrap(),
        [
            one("Threat Prevention", Some(21_183), false),
            one("PA-VM", None, false),
            one("DNS Security", Some(19_782), true),
        ]
    );
    assert_eq!(odd, ["expires: \"February 29, 2026\" is no day"]);
    assert!(read("empty", licenses).0.is_err());
}

#[test]
fn the_days_of_130_years_follow_each_other() {
    let months = [
        "January", "Feb", "mar", "April", "May", "June", "July", "August", "Sep.", "October",
        "NOVEMBER", "December",
    ];
    let mut next = 0;
    for year in 1970..2100 {
        for month in months {
            for day in 1..=31 {
                let entry = format!(
                    "<licenses><entry><feature>f</feature><expires>{month} {day:02}, {year}</expires></entry></licenses>"
                );
                let found = licenses(&wrapped(&entry), &mut Oddities::new()).unwrap();
                if let [license] = &*found {
                    assert_eq!(license.expires, Some(next), "{entry}");
                    next += 1;
                }
            }
        }
    }
    // 2100-01-01.
    assert_eq!(next, 47_482);
}
