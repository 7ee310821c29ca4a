//! "show system resources": what `top` prints, in the formats of the releases.

use super::super::clock;
use super::super::model::{Firewall, Platform, Release};

const PROCESSES: [(&str, &str, u32); 12] = [
    ("masterd", "root", 13),
    ("sysd", "root", 9),
    ("useridd", "root", 21),
    ("devsrvr", "root", 34),
    ("mgmtsrvr", "root", 61),
    ("configd", "root", 58),
    ("reportd", "root", 6),
    ("logrcvr", "root", 17),
    ("routed", "root", 8),
    ("ikemgr", "root", 7),
    ("gpsvc", "nobody", 16),
    ("varrcvr", "root", 5),
];

/// What `top` prints.
pub(super) fn top(fw: &Firewall, second: i64) -> String {
    let time = clock::time_text(second.rem_euclid(86_400));
    let days = fw.uptime(second) / 86_400;
    let idle = fw.management_idle;
    let (user, system) = ((100.0 - idle) * 0.7, (100.0 - idle) * 0.3);
    let cpu = match fw.release {
        Release::V10_1 => format!(
            "Cpu(s): {user:.1}%us, {system:.1}%sy,  0.0%ni, {idle:.1}%id,  0.0%wa,  0.0%hi,  0.0%si,  0.0%st"
        ),
        _ => format!(
            "%Cpu(s): {user:4.1} us, {system:4.1} sy,  0.0 ni, {idle:4.1} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st"
        ),
    };
    format!(
        "<![CDATA[top - {time} up {days} days,  3:02,  0 users,  load average: 0.61, 0.58, 0.60\n\
         Tasks: 171 total,   2 running, 169 sleeping,   0 stopped,   0 zombie\n{cpu}\n{}\n\n\
         \x20 PID USER      PR  NI    VIRT    RES    SHR S  %CPU %MEM     TIME+ COMMAND\n{}]]>",
        memory(fw),
        processes(),
    )
}

fn memory(fw: &Firewall) -> String {
    let (total, used) = fw.management_memory;
    let rest = total.saturating_sub(used);
    let (free, cache) = (rest / 4, rest - rest / 4);
    let mib = |kib: u64| kib as f64 / 1024.0;
    match (fw.release, fw.platform) {
        (Release::V10_1, _) => format!(
            "Mem:  {total}k total, {used}k used, {rest}k free,   120000k buffers\n\
             Swap: 4095996k total,        0k used, 4095996k free, {cache}k cached"
        ),
        (Release::V12_1, Platform::Vm) => format!(
            "KiB Mem : {total} total, {free} free, {used} used, {cache} buff/cache\n\
             KiB Swap:  4095996 total,  4095996 free,        0 used. {rest} avail Mem"
        ),
        // A number that is too wide for its column loses its decimals, and says so.
        (Release::V12_1, Platform::Chassis) if mib(total) >= 1e6 => format!(
            "MiB Mem : {:.0}.+total, {:.1} free, {:.1} used, {:.1} buff/cache\n\
             MiB Swap:   4000.0 total,   4000.0 free,      0.0 used. {:.1} avail Mem",
            mib(total).floor(),
            mib(free),
            mib(used),
            mib(cache),
            mib(rest),
        ),
        _ => format!(
            "MiB Mem : {:8.1} total, {:8.1} free, {:8.1} used, {:8.1} buff/cache\n\
             MiB Swap:   4000.0 total,   4000.0 free,      0.0 used. {:8.1} avail Mem",
            mib(total),
            mib(free),
            mib(used),
            mib(cache),
            mib(rest),
        ),
    }
}

/// Many lines, as there are: among them one with words of the head.
fn processes() -> String {
    let mut lines = String::new();
    for round in 0..8 {
        for (place, (name, user, cpu)) in PROCESSES.iter().enumerate() {
            let pid = 2000 + round * 100 + place;
            let busy = if round == 0 { *cpu } else { 0 };
            lines.push_str(&format!(
                "{pid:5} {user:<9} 20   0  {:7} {:6}  12440 S {:5.1}  {:3.1}  61:12.{place:02} {name}\n",
                180_000 + pid * 7,
                24_000 + pid * 3,
                f64::from(busy) / 10.0,
                f64::from(*cpu) / 20.0,
            ));
        }
    }
    lines + " 4711 nobody    20   0   96640   9712   5968 S   0.0  0.1   0:10.11 Mem: total\n"
}
