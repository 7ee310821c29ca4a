//! Odd fields are told once: a value in them that changes from answer to answer makes no new remark.

use std::collections::BTreeMap;

/// The first remark of each kind.
#[derive(Debug)]
pub(super) struct Odd {
    said: BTreeMap<String, String>,
    most: usize,
}

impl Odd {
    /// Tells so many kinds apart.
    pub(super) fn new(most: usize) -> Self {
        Odd {
            said: BTreeMap::new(),
            most,
        }
    }

    /// The remark as it was made first, where it differs in digits alone.
    pub(super) fn settled(&mut self, remark: String) -> String {
        let kind: String = remark.chars().filter(|c| !c.is_ascii_digit()).collect();
        if let Some(said) = self.said.get(&kind) {
            return said.clone();
        }
        if self.said.len() < self.most {
            self.said.insert(kind, remark.clone());
            return remark;
        }
        "more fields that are odd".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_made_once_whatever_number_it_names() {
        let mut odd = Odd::new(2);
        let mut settled = |remark: &str| odd.settled(remark.to_owned());
        assert_eq!(settled("cps is \"1.2\""), "cps is \"1.2\"");
        assert_eq!(settled("cps is \"3.4\""), "cps is \"1.2\"");
        assert_eq!(settled("pps is \"3.4\""), "pps is \"3.4\"");
        assert_eq!(settled("a third"), "more fields that are odd");
    }
}
