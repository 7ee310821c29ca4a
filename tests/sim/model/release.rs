//! Releases and platforms: what the shapes of answers hang on.

/// A release of PAN-OS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// 10.1: no advanced routing, `top` in kilobytes, full tunnel records in the list.
    V10_1,
    /// 11.1: `top` in MiB.
    V11_1,
    /// 12.1: numbers with commas, code 19 on success, an XML declaration, unquoted words in state exports.
    V12_1,
}

impl Release {
    /// As `sw-version` says it.
    pub fn version(self) -> &'static str {
        match self {
            Self::V10_1 => "10.1.14-h9",
            Self::V11_1 => "11.1.6-h3",
            Self::V12_1 => "12.1.2",
        }
    }

    /// From `10.1`, `11.1` or `12.1`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "10.1" => Some(Self::V10_1),
            "11.1" => Some(Self::V11_1),
            "12.1" => Some(Self::V12_1),
            _ => None,
        }
    }

    /// A number as this release writes it in "show session info".
    pub fn number(self, number: u64) -> String {
        let digits = number.to_string();
        if self < Self::V12_1 {
            return digits;
        }
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

/// What the firewall runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// VM-Series on AWS: one dataplane, `sw tags descriptor`.
    Vm,
    /// A chassis: several dataplanes, `packet descriptor (on-chip)`, entries without a name and entries that stand twice.
    Chassis,
}
