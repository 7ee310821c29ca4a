//! Whom a firewall talks to: its HA partner and its BGP peers.

/// State of a member of an HA pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HaState {
    /// It passes traffic.
    Active,
    /// It waits.
    Passive,
    /// One of two that both pass traffic.
    ActivePrimary,
    /// The other.
    ActiveSecondary,
    /// An operator took it out.
    Suspended,
    /// It found itself unfit.
    NonFunctional,
    /// It starts.
    Initial,
    /// It waits for its links.
    Tentative,
    /// What a member says of a partner that is off.
    Unknown,
}

impl HaState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Active,
        Self::Passive,
        Self::ActivePrimary,
        Self::ActiveSecondary,
        Self::Suspended,
        Self::NonFunctional,
        Self::Initial,
        Self::Tentative,
        Self::Unknown,
    ];

    /// As the device says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActivePrimary => "active-primary",
            Self::ActiveSecondary => "active-secondary",
            Self::Suspended => "suspended",
            Self::NonFunctional => "non-functional",
            Self::Initial => "initial",
            Self::Tentative => "tentative",
            Self::Unknown => "unknown",
        }
    }

    /// From the device's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A member of an HA pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ha {
    /// Its own state.
    pub state: HaState,
    /// Unix second since when.
    pub since: i64,
    /// Its partner's state.
    pub peer_state: HaState,
    /// Whether it reaches its partner.
    pub peer_up: bool,
    /// Link HA1; `None` is a link that is not configured, here and below.
    pub ha1: Option<bool>,
    /// Its backup.
    pub ha1_backup: Option<bool>,
    /// Link HA2.
    pub ha2: Option<bool>,
    /// Its backup.
    pub ha2_backup: Option<bool>,
    /// Whether both have the same configuration.
    pub in_sync: bool,
    /// Whether they keep it so.
    pub sync_enabled: bool,
    /// `preempt-flap-cnt`.
    pub preempt_flaps: u64,
    /// `nonfunc-flap-cnt`.
    pub nonfunctional_flaps: u64,
}

/// Which routing engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Virtual routers.
    Legacy,
    /// Logical routers.
    Advanced,
}

/// A BGP peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BgpPeer {
    /// Its name.
    pub name: String,
    /// Its autonomous system.
    pub remote_as: u32,
    /// Its address.
    pub peer_ip: String,
    /// Ours towards it.
    pub local_ip: String,
    /// Whether the session is established.
    pub established: bool,
    /// Whether an operator shut it; it is not established then.
    pub shut: bool,
    /// Prefixes accepted from it.
    pub prefixes: u64,
    /// How often the session came up.
    pub established_count: u64,
    /// How often it was lost.
    pub lost_count: u64,
    /// Unix second of the last change.
    pub since: i64,
}

impl BgpPeer {
    /// Whether its session is up.
    pub fn is_up(&self) -> bool {
        self.established && !self.shut
    }
}
