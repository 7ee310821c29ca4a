//! Floor 1: the only doors to the machine, each with a deadline or a size cap. No process is ever started.

pub mod blocking;
pub mod ethtool;
pub mod files;
pub mod genl;
pub mod http;
pub mod https;
pub mod namespace;
pub mod netlink;
pub mod netns;
pub mod process;
pub mod regular;
pub mod rtnetlink;
pub mod secrets;
pub mod spool;
pub mod state;
pub mod systemd;
pub mod timer;
pub mod unix;
pub mod wiped;
