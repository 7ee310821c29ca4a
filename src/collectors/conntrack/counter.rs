//! New sessions from a named counter of nftables: asked for in the process's own network namespace and in those that
//! are entered by name. Where it is in several, its rates add up; where it is in none, the pass fails.

use std::io::{self, ErrorKind};
use std::time::Duration;

use netlink_packet_core::NLM_F_REQUEST;
use netlink_sys::protocols::NETLINK_NETFILTER;

use super::metrics;
use super::namespaces::{Door, Namespace};
use super::nft::{self, CounterName};
use crate::host::files::FileId;
use crate::host::netlink::Netlink;
use crate::model::reading::{Raw, Readings, Record};

/// The counter, and the socket that asks for it where the process is.
#[derive(Debug)]
pub(super) struct NewSessions {
    counter: CounterName,
    own: Option<Netlink>,
}

/// What came of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It was recorded.
    Found,
    /// This namespace has no such table or counter.
    NotHere,
}

impl NewSessions {
    pub(super) fn new(counter: CounterName) -> Self {
        NewSessions { counter, own: None }
    }

    /// Records it wherever it is; each namespace is asked once. `own` is the process's own.
    pub(super) async fn count(
        &mut self,
        namespaces: &mut [Namespace],
        own: Option<FileId>,
        out: &mut Readings,
        wait: Duration,
    ) -> Result<(), String> {
        let mut answers = vec![self.ask_own(out, wait).await];
        let mut asked = Vec::from_iter(own);
        for namespace in namespaces {
            let Door::Named(named) = &mut namespace.door else {
                continue;
            };
            let Some((id, netlink)) = named.netfilter() else {
                continue;
            };
            if id.is_some_and(|id| asked.contains(&id)) {
                continue;
            }
            asked.extend(id);
            let answer = match netlink {
                Ok(netlink) => self.ask(netlink, out, Some(&namespace.text), wait).await,
                Err(error) => Err(self.refused(error)),
            };
            if answer.is_err() {
                named.leave();
            }
            answers.push(answer);
        }
        self.judge(answers)
    }

    fn judge(&self, answers: Vec<Result<Answer, String>>) -> Result<(), String> {
        let found = answers.contains(&Ok(Answer::Found));
        let mut refusals: Vec<String> = answers.into_iter().filter_map(Result::err).collect();
        refusals.dedup();
        match refusals[..] {
            [] if found => Ok(()),
            [] => Err(self.nowhere()),
            _ => Err(refusals.join("; ")),
        }
    }

    async fn ask_own(&mut self, out: &mut Readings, wait: Duration) -> Result<Answer, String> {
        let opened = self.own.take();
        let opened = opened.map_or_else(|| Netlink::open(NETLINK_NETFILTER), Ok);
        let mut netlink = opened.map_err(|error| self.refused(&error))?;
        let answer = self.ask(&mut netlink, out, None, wait).await;
        // After a refusal an answer may still be on its way: a new socket next time.
        if answer.is_ok() {
            self.own = Some(netlink);
        }
        answer
    }

    /// What to say when nobody had it.
    fn nowhere(&self) -> String {
        let (text, name) = (self.counter.text(), self.counter.name());
        format!(
            "no nftables counter {text} in this network namespace or in those of netns that are entered by name: `nft add counter {text}`, and a rule `ct state new counter name \"{name}\"`"
        )
    }

    async fn ask(
        &self,
        netlink: &mut Netlink,
        out: &mut Readings,
        origin: Option<&str>,
        wait: Duration,
    ) -> Result<Answer, String> {
        let question = self.counter.question();
        let answer = netlink
            .ask(nft::GET_OBJECT, NLM_F_REQUEST, &question, wait)
            .await;
        let answer = match answer {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Answer::NotHere),
            answer => answer.map_err(|error| self.refused(&error))?,
        };
        let counter = nft::counter(&answer).map_err(|why| {
            format!(
                "cannot parse nftables' answer for counter {}: {why}",
                self.counter.text()
            )
        })?;
        // A ruleset loaded anew makes the counter anew: its handle belongs to the member.
        let record = Record::new(&metrics::NEW_SESSIONS, Raw::Total(counter.packets))
            .member(counter.handle.to_string());
        out.push(match origin {
            Some(origin) => record.origin(origin),
            None => record,
        });
        Ok(Answer::Found)
    }

    fn refused(&self, error: &io::Error) -> String {
        let text = self.counter.text();
        match error.kind() {
            ErrorKind::PermissionDenied => {
                format!(
                    "reading nftables counter {text} needs CAP_NET_ADMIN: enable the drop-in nft.conf"
                )
            }
            _ => format!(
                "cannot read nftables counter {text}: {error} (is nf_tables loaded? `nft list counters` shows what there is)"
            ),
        }
    }
}
