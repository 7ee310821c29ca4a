//! How many tunnels of a target go out under names of their own, and who is told of the others.

use super::Core;
use super::notices::Level;
use crate::aggregate::label::Unnamed;
use crate::aggregate::tunnel_room::{Names, TunnelRoom, tunnel_of};
use crate::aggregate::window::Target;
use crate::clock::Now;
use crate::collector::tunnels::shown;

impl Core {
    /// Takes the tunnels of a closing window that find no room out of it.
    pub(super) fn within_tunnel_room(
        &mut self,
        target: &Target,
        list: &mut Vec<Unnamed>,
        now: Now,
    ) {
        let mut names = Names::new();
        for unnamed in list.iter() {
            if let Some(name) = tunnel_of(&unnamed.key) {
                *names.entry(name).or_default() |= unnamed.expected;
            }
        }
        if names.is_empty() {
            return;
        }
        let most = self.setup.selection.tunnels_max;
        let room = self.tunnel_rooms.entry(target.clone());
        let room = room.or_insert_with(|| TunnelRoom::new(most));
        let left_out = room.left_out(&names, most, now.boot);
        let subject = format!("tunnel room {}", target.as_deref().unwrap_or_default());
        let of = target.as_deref().map(|name| format!(" of {name}"));
        let of = of.unwrap_or_default();
        if left_out.is_empty() {
            self.notices
                .over(&subject, format!("all tunnels{of} have series again"));
            return;
        }
        list.retain(|unnamed| tunnel_of(&unnamed.key).is_none_or(|name| !left_out.contains(name)));
        let left_out: Vec<String> = left_out.into_iter().collect();
        let text = format!(
            "{} tunnels{of} over [metrics] tunnels_max = {most} have no series of their own, and count in TunnelsUp and TunnelsDown only: {}",
            left_out.len(),
            shown(&left_out)
        );
        self.notices
            .change_of(Level::Warn, &subject, &left_out.join(" "), text);
    }
}
