//! `firewalls_file` is looked at every other second, beside the loop. A change counts when two looks in a row find the
//! same: who writes it in pieces is given the time.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};
use tracing::{info, warn};

use super::plan::LIST_GONE;
use crate::collector::Spec;
use crate::config::{self, Config, Print, Text};
use crate::host::blocking::Blocking;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// A look takes microseconds, reading a list milliseconds; a disk that takes longer than this is taken for dead.
const WITHIN: Duration = Duration::from_secs(10);
const SLOW: &str = "looking at it takes longer than 10 s: does its disk hang?";

/// Watches every `firewalls_file`.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// By path.
    files: BTreeMap<String, Seen>,
    blocking: Blocking,
    doing: Doing,
}

/// A list that is to be taken over.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) spec: &'static Spec,
    pub(super) file: String,
    pub(super) text: Text,
}

/// A file that looks otherwise than it did.
#[derive(Debug)]
struct Sight {
    spec: &'static Spec,
    file: String,
    print: Print,
    text: Text,
}

#[derive(Debug, Default)]
enum Doing {
    #[default]
    Idle,
    Resting(Pin<Box<Sleep>>),
    Looking(JoinHandle<Result<Vec<Sight>, String>>),
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Seen {
    /// As long as it looks so, there is nothing new in it.
    judged: Option<Print>,
    /// Looked so, with a text of this checksum, the last time.
    fresh: Option<(Print, u32)>,
    /// Why it was not taken over, as it was said.
    said: Option<String>,
}

impl Seen {
    /// The text, where it was the same before.
    fn see(&mut self, print: Print, text: Text) -> Option<Text> {
        let bytes = match &text {
            Text::Whole(text) => text.as_bytes(),
            Text::Unreadable(why) => why.as_bytes(),
            Text::Missing => &[],
        };
        let look = (print, crc32fast::hash(bytes));
        if self.fresh.as_ref() != Some(&look) {
            self.fresh = Some(look);
            return None;
        }
        self.fresh = None;
        self.judged = Some(look.0);
        Some(text)
    }
}

impl Watch {
    /// The next list that changed. Nothing is lost when the wait for it is given up.
    pub(super) async fn next(&mut self, config: &Config) -> Changed {
        loop {
            match &mut self.doing {
                Doing::Idle => {
                    if config.lists().is_empty() {
                        return std::future::pending().await;
                    }
                    self.doing = Doing::Resting(Box::pin(sleep(EVERY)));
                }
                Doing::Resting(pause) => {
                    pause.await;
                    self.doing = Doing::Looking(self.look(config));
                }
                Doing::Looking(task) => {
                    let looked = task.await;
                    self.doing = Doing::Idle;
                    let looked = looked.unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
                    if let Some(changed) = self.judge(config, looked) {
                        return changed;
                    }
                }
            }
        }
    }

    fn look(&mut self, config: &Config) -> JoinHandle<Result<Vec<Sight>, String>> {
        let lists = config.lists();
        self.files
            .retain(|file, _| lists.iter().any(|(_, known)| known == file));
        let known: Vec<(&'static Spec, String, Option<Print>)> = lists
            .into_iter()
            .map(|(spec, file)| {
                let judged = self.files.get(&file).and_then(|seen| seen.judged.clone());
                (spec, file, judged)
            })
            .collect();
        let blocking = self.blocking.clone();
        tokio::spawn(async move {
            let looks = move || Ok(known.into_iter().filter_map(sight).collect());
            let done = blocking.within(WITHIN, SLOW, looks).await;
            done.map_err(|error| error.to_string())
        })
    }

    /// What of it counts. Of several that changed at once the others come with the next look.
    fn judge(&mut self, config: &Config, looked: Result<Vec<Sight>, String>) -> Option<Changed> {
        let sights = match looked {
            Ok(sights) => sights,
            Err(why) => {
                for (_, file) in config.lists() {
                    self.refused(&file, &why);
                }
                return None;
            }
        };
        for (file, seen) in &mut self.files {
            if !sights.iter().any(|sight| sight.file == *file) {
                seen.fresh = None;
            }
        }
        for sight in sights {
            let seen = self.files.entry(sight.file.clone()).or_default();
            let Some(text) = seen.see(sight.print, sight.text) else {
                continue;
            };
            let listed = config.collectors.listed.get(sight.spec.name);
            let was_missing = listed.is_some_and(|list| list.is_missing);
            match (&text, was_missing) {
                (Text::Missing, true) => {}
                (Text::Missing, false) => self.refused(&sight.file, LIST_GONE),
                _ => {
                    return Some(Changed {
                        spec: sight.spec,
                        file: sight.file,
                        text,
                    });
                }
            }
        }
        None
    }

    /// The old list stays: why, unless it was said already.
    pub(super) fn refused(&mut self, file: &str, why: &str) {
        let seen = self.files.entry(file.to_owned()).or_default();
        if seen.said.as_deref() != Some(why) {
            warn!(
                "firewalls_file not taken over, the old list stays: {}",
                at(file, why)
            );
            seen.said = Some(why.to_owned());
        }
    }

    /// It is as it should be; `is_new` where that is another list than before.
    pub(super) fn taken(&mut self, file: &str, is_new: bool) {
        let seen = self.files.entry(file.to_owned()).or_default();
        if seen.said.take().is_some() && !is_new {
            info!("firewalls_file {file} is whole again, and as it was");
        }
    }

    /// What was seen last is to be looked at again.
    pub(super) fn again(&mut self, file: &str) {
        if let Some(seen) = self.files.get_mut(file) {
            seen.judged = None;
        }
    }
}

fn sight((spec, file, judged): (&'static Spec, String, Option<Print>)) -> Option<Sight> {
    let (print, text) = config::look(&file, judged.as_ref())?;
    Some(Sight {
        spec,
        file,
        print,
        text,
    })
}

/// Faults name the file and the line themselves.
fn at(file: &str, why: &str) -> String {
    if why.starts_with(file) {
        return why.to_owned();
    }
    format!("{file}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Listed, parse};

    const LIST: &str = "/list";

    fn config(is_missing: bool) -> Config {
        let text = format!("[collectors.panos]\nfirewalls_file = \"{LIST}\"\n");
        let mut config = parse(&text, None, &[]).unwrap();
        let listed = Listed {
            file: LIST.to_owned(),
            is_missing,
            ..Listed::default()
        };
        config.collectors.listed.insert("panos".to_owned(), listed);
        config
    }

    /// Prints of files that differ.
    fn print(of: &str) -> Print {
        let (print, _) = config::look(of, None).unwrap();
        print
    }

    fn sees(watch: &mut Watch, config: &Config, look: Option<(Print, Text)>) -> Option<Text> {
        let spec = config.lists()[0].0;
        let sights = look.into_iter().map(|(print, text)| Sight {
            spec,
            file: LIST.to_owned(),
            print,
            text,
        });
        let changed = watch.judge(config, Ok(sights.collect()));
        changed.map(|changed| changed.text)
    }

    fn whole(text: &str) -> Text {
        Text::Whole(text.to_owned())
    }

    #[test]
    fn a_change_counts_when_two_looks_agree() {
        let (mut watch, config) = (Watch::default(), config(false));
        let file = || print(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let other = || print(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
        let mut see = |look| sees(&mut watch, &config, look);
        // Written in pieces: other text each time, under the same print or another.
        assert_eq!(see(Some((file(), whole("a")))), None);
        assert_eq!(see(Some((file(), whole("ab")))), None);
        assert_eq!(see(Some((other(), whole("ab")))), None);
        assert_eq!(see(Some((other(), whole("ab")))), Some(whole("ab")));
        // What was begun and taken back is begun again.
        assert_eq!(see(Some((file(), whole("abc")))), None);
        assert_eq!(see(None), None);
        assert_eq!(see(Some((file(), whole("abc")))), None);
        assert_eq!(see(Some((file(), whole("abc")))), Some(whole("abc")));
    }

    #[test]
    fn a_list_that_is_gone_is_said_once_and_one_that_never_was_not_at_all() {
        for (is_missing, said) in [(false, Some(LIST_GONE)), (true, None)] {
            let (mut watch, config) = (Watch::default(), config(is_missing));
            for _ in 0..4 {
                let look = (print("/nonexistent/list"), Text::Missing);
                assert_eq!(sees(&mut watch, &config, Some(look)), None);
            }
            let seen = &watch.files[LIST];
            assert_eq!(seen.said.as_deref(), said);
            // Looked at no more until it is there.
            assert_eq!(seen.judged, Some(print("/nonexistent/list")));
        }
    }

    #[test]
    fn a_reason_is_remembered_until_the_list_is_whole() {
        let mut watch = Watch::default();
        watch.refused(LIST, "/list:3: wrong");
        watch.refused(LIST, "/list:3: wrong");
        assert_eq!(watch.files[LIST].said.as_deref(), Some("/list:3: wrong"));
        watch.taken(LIST, true);
        assert_eq!(watch.files[LIST].said, None);
        assert_eq!(at(LIST, "/list:3: wrong"), "/list:3: wrong");
        assert_eq!(at(LIST, "is gone"), "/list: is gone");
    }
}
