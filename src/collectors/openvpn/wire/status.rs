//! A status: a server's list of clients in version 1, 2 or 3 (multi.c, multi_print_status), or the counters of a
//! client or of one end of a pair (sig.c, print_status).

/// What a common name and a user name are while none is known.
const UNDEFINED: &str = "UNDEF";
/// Characters of a foreign text that an error shows.
const SHOWN_CHARS: usize = 60;

/// A whole status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// When it was written, as it says: another text, another writing. Seconds in all versions.
    pub stamp: String,
    /// The same in Unix seconds, where the version has it.
    pub written: Option<i64>,
    /// What it tells.
    pub told: Told,
}

/// What a status tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A server's clients.
    Clients(Vec<Client>),
    /// A client's counters.
    Traffic(Traffic),
}

/// One client of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client {
    /// Common name of its certificate, or its user name.
    pub name: String,
    /// Its address and port, which may change while it is connected (`--float`).
    pub address: String,
    /// When it connected and, where the version has it, its number: of one connection only.
    pub connection: String,
    /// Bytes received from it since it connected, before decryption.
    pub received_bytes: u64,
    /// Bytes sent to it since it connected.
    pub sent_bytes: u64,
    /// It has not said who it is.
    pub is_half_open: bool,
}

/// Counters of a client since it last began to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes received from the server, before decryption.
    pub received_bytes: u64,
    /// Bytes sent to the server.
    pub sent_bytes: u64,
}

/// Reads a status, which must be whole.
///
/// # Errors
/// Says what is not as OpenVPN writes it; one that is cut off, or is being written over, is an error too.
pub fn status(bytes: &[u8]) -> Result<Status, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next().ok_or("it is empty")?;
    let lines = whole(lines)?;
    match first {
        "OpenVPN STATISTICS" => statistics(&lines),
        "OpenVPN CLIENT LIST" => version_1(&lines),
        _ if first.starts_with("TITLE,") => version_2(&lines, ','),
        _ if first.starts_with("TITLE\t") => version_2(&lines, '\t'),
        _ => Err(format!("no status of OpenVPN begins with {}", shown(first))),
    }
}

/// The lines before `END`, which is the last one.
fn whole<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<&'a str>, String> {
    let mut lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    match lines.iter().position(|line| *line == "END") {
        Some(end) if end + 1 == lines.len() => lines.pop(),
        Some(_) => return Err("it goes on after END".to_owned()),
        None => return Err("it is cut off: END is missing".to_owned()),
    };
    Ok(lines)
}

fn statistics(lines: &[&str]) -> Result<Status, String> {
    let value = |key: &str| {
        let pairs = lines.iter().filter_map(|line| line.split_once(','));
        let mut found = pairs.filter(|(name, _)| *name == key);
        let value = found.next().map(|(_, value)| value);
        value.ok_or_else(|| format!("{key} is missing"))
    };
    Ok(Status {
        stamp: value("Updated")?.to_owned(),
        written: None,
        told: Told::Traffic(Traffic {
            received_bytes: number(value("TCP/UDP read bytes")?)?,
            sent_bytes: number(value("TCP/UDP write bytes")?)?,
        }),
    })
}

fn version_1(lines: &[&str]) -> Result<Status, String> {
    let mut lines = lines.iter();
    let updated = lines.next().and_then(|line| line.strip_prefix("Updated,"));
    let stamp = updated.ok_or("Updated is missing")?.to_owned();
    let columns = Columns::new(lines.next().ok_or("the columns are missing")?, ',')?;
    let rows = lines.take_while(|line| **line != "ROUTING TABLE");
    Ok(Status {
        stamp,
        written: None,
        told: Told::Clients(
            rows.map(|row| columns.client(row))
                .collect::<Result<_, _>>()?,
        ),
    })
}

fn version_2(lines: &[&str], separator: char) -> Result<Status, String> {
    let after = |line: &'_ str, words: &[&str]| {
        words.iter().try_fold(line.len(), |left, word| {
            let rest = line.get(line.len() - left..)?.strip_prefix(word)?;
            Some(rest.strip_prefix(separator)?.len())
        })
    };
    let (mut time, mut columns, mut clients) = (None, None, Vec::new());
    for line in lines {
        let rest = |left: usize| &line[line.len() - left..];
        if let Some(left) = after(line, &["TIME"]) {
            time = Some(rest(left));
        } else if let Some(left) = after(line, &["HEADER", "CLIENT_LIST"]) {
            columns = Some(Columns::new(rest(left), separator)?);
        } else if let Some(left) = after(line, &["CLIENT_LIST"]) {
            let columns = columns.as_ref().ok_or("clients before their columns")?;
            clients.push(columns.client(rest(left))?);
        }
    }
    columns.ok_or("the columns of the clients are missing")?;
    let (text, unix) = time
        .and_then(|time| time.rsplit_once(separator))
        .ok_or("TIME is missing")?;
    let unix = unix
        .parse()
        .map_err(|_| format!("{} is no time", shown(unix)))?;
    Ok(Status {
        stamp: format!("{text} {unix}"),
        written: Some(unix),
        told: Told::Clients(clients),
    })
}

/// Where a client's columns are: each release has more of them.
struct Columns {
    separator: char,
    number: usize,
    name: usize,
    address: usize,
    received: usize,
    sent: usize,
    since: usize,
    user: Option<usize>,
    virtual_address: Option<usize>,
    id: Option<usize>,
}

impl Columns {
    fn new(header: &str, separator: char) -> Result<Self, String> {
        let names: Vec<&str> = header.split(separator).collect();
        let place = |wanted: &str| names.iter().position(|name| *name == wanted);
        let needed =
            |wanted: &str| place(wanted).ok_or_else(|| format!("the column {wanted} is missing"));
        Ok(Columns {
            separator,
            number: names.len(),
            name: needed("Common Name")?,
            address: needed("Real Address")?,
            received: needed("Bytes Received")?,
            sent: needed("Bytes Sent")?,
            since: match place("Connected Since (time_t)") {
                Some(place) => place,
                None => needed("Connected Since")?,
            },
            user: place("Username"),
            virtual_address: place("Virtual Address"),
            id: place("Client ID"),
        })
    }

    fn client(&self, row: &str) -> Result<Client, String> {
        let fields: Vec<&str> = row.split(self.separator).collect();
        let wrong = || format!("the client {} has not its columns", shown(row));
        let over = fields.len().checked_sub(self.number).ok_or_else(wrong)?;
        // A common name, which comes first, or a user name, which comes after the numbers, may hold a comma.
        let joined = (0..=over).find_map(|over| {
            let at = |place: usize| fields.get(place + over).copied();
            let received_bytes = at(self.received)?.parse().ok()?;
            let sent_bytes = at(self.sent)?.parse().ok()?;
            Some((over, received_bytes, sent_bytes))
        });
        let (over, received_bytes, sent_bytes) = joined.ok_or_else(wrong)?;
        if self.name != 0 {
            return Err("Common Name is not the first column".to_owned());
        }
        let at = |place: usize| fields.get(place + over).copied().unwrap_or_default();
        let of = |place: Option<usize>| place.map(at).unwrap_or_default();
        let name = fields[..=over].join(&self.separator.to_string());
        Ok(Client {
            // With neither certificate nor user name as common name a connected client is UNDEF too, but has more.
            is_half_open: name == UNDEFINED
                && of(self.virtual_address).is_empty()
                && ["", UNDEFINED].contains(&of(self.user)),
            name,
            address: at(self.address).to_owned(),
            connection: [at(self.since), of(self.id)].join(" "),
            received_bytes,
            sent_bytes,
        })
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{} is no number", shown(text)))
}

/// A foreign text for an error.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "TITLE,OpenVPN 2.6\nTIME,now,7\nHEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID\n";

    fn clients(rows: &str) -> Result<Vec<Client>, String> {
        let text = format!("{V2}{rows}GLOBAL_STATS,dco_enabled,0\nEND\n");
        match status(text.as_bytes())?.told {
            Told::Clients(clients) => Ok(clients),
            Told::Traffic(_) => panic!("a server"),
        }
    }

    #[test]
    fn a_comma_in_a_name_moves_no_column() {
        let read = clients("CLIENT_LIST,a, b,1.2.3.4:5,10.8.0.2,11,12,then,6,UNDEF,3\nCLIENT_LIST,c,1.2.3.4:6,10.8.0.3,13,14,then,6,u,v,4\n").unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|c| (c.name.as_str(), c.received_bytes, c.sent_bytes))
            .collect();
        assert_eq!(read, [("a, b", 11, 12), ("c", 13, 14)]);
    }

    #[test]
    fn who_has_not_said_its_name_is_half_open() {
        let read = clients("CLIENT_LIST,UNDEF,1.2.3.4:5,,1,2,then,6,UNDEF,1\nCLIENT_LIST,UNDEF,1.2.3.4:6,10.8.0.2,1,2,then,6,UNDEF,2\nCLIENT_LIST,UNDEF,1.2.3.4:7,,1,2,then,6,bob,3\n").unwrap();
        let read: Vec<bool> = read.iter().map(|client| client.is_half_open).collect();
        assert_eq!(read, [true, false, false]);
    }

    #[test]
    fn half_a_status_is_none() {
        for (text, why) in [
            ("", "empty"),
            ("hello\nEND\n", "begins with"),
            ("OpenVPN STATISTICS\nUpdated,x\n", "END is missing"),
            ("OpenVPN STATISTICS\nUpdated,x\nEND\n", "read bytes"),
            ("OpenVPN CLIENT LIST\nEND\n", "Updated"),
            ("TITLE,x\nTIME,x,1\nEND\n", "columns"),
            ("TITLE,x\nEND\nEND\n", "goes on"),
        ] {
            let error = status(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        assert!(clients("CLIENT_LIST,a,1.2.3.4:5\n").is_err());
        assert!(clients("CLIENT_LIST,a,1.2.3.4:5,,x,2,then,6,UNDEF,3\n").is_err());
    }
}
