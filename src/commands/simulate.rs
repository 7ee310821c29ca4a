//! `fwmetrics simulate`: policies on a fleet in virtual time.

use super::{Failure, print};
use crate::cli::{Simulate, Simulated};
use crate::config::Config;
use crate::generate::scaling;
use crate::simulate::contestant::{self, Drain};
use crate::simulate::run::{Setting, run};
use crate::simulate::trace::TRACES;

pub(super) fn call(args: &Simulate, config: &Config) -> Result<(), Failure> {
    let Simulated::Scaling(_) = &args.what;
    let made = scaling::of(config);
    let drain = Drain {
        deregistration: 350,
        percent: 1,
        quiet: None,
        most: 900,
    };
    let mut all = vec![contestant::ours(&made.policies, drain)];
    all.extend(contestant::others(180));
    let mut out = String::new();
    for counts in [true, false] {
        for t in &TRACES {
            for c in &all {
                let s = Setting {
                    min: 2,
                    max: 10,
                    boot_secs: 180,
                    polls: false,
                    fleet_warm_up_secs: 0,
                    terminating_counts: counts,
                    seed: 1,
                };
                let o = run(c, t, &s);
                let f = o.flows;
                out += &format!(
                    "{counts} {:14} {:18} over {:7.1} flaps {:3} hours {:6.1} first {:?} blind {} changes {:?} cut {} lost {} {}\n",
                    o.trace,
                    o.contestant,
                    o.overload_minutes,
                    o.flaps,
                    o.firewall_hours,
                    o.first_added_secs,
                    o.blind_scale_ins,
                    o.changes,
                    f.cut,
                    f.lost,
                    f.arrived == f.ended + f.cut + f.lost + o.active
                );
            }
        }
    }
    print(&out)
}
