//! What the queue asks of the spool, how that ends, and what the end means.

use crate::agent::core::account::{Reason, Totals};
use crate::publish::batch::Batch;
use crate::publish::journal::{Journal, JournalName};
use crate::publish::spool::{FileName, Unreadable};

/// Something to do on disk. The next comes when this one has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Say what is there.
    List,
    /// Write a batch.
    Write(FileName, Vec<u8>),
    /// Read a batch.
    Load(FileName),
    /// Write the totals, then remove files, so that none is gone and not on the account.
    Remove(Vec<FileName>, Totals),
    /// Something with the journals of open windows.
    Journal(JournalOp),
}

/// Something to do with journals.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalOp {
    /// Read one.
    Read(JournalName),
    /// Write one in place of what there is of it.
    Begin(JournalName, Vec<u8>),
    /// Write on in one, behind so many bytes.
    Append(JournalName, u64, Vec<u8>),
    /// Remove them.
    Forget(Vec<JournalName>),
}

/// How an operation ended; a text is the disk's trouble.
#[derive(Debug)]
pub enum Done {
    /// What there is.
    Listed(Result<Listing, String>),
    /// Written.
    Wrote(Result<(), String>),
    /// There was no space to write it.
    Full(String),
    /// Read.
    Loaded(Result<Loaded, String>),
    /// Totals written, and files removed.
    Removed(Result<(), String>),
    /// A journal was read.
    ReadJournal(Result<LoadedJournal, String>),
    /// Journals were written or removed; `false` where the file that was to go on is not there.
    Journaled(Result<bool, String>),
}

/// What there is in the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Batches, with the bytes of each file.
    pub files: Vec<(FileName, u64)>,
    /// Journals, with the bytes of each file.
    pub journals: Vec<(JournalName, u64)>,
    /// Bytes of what is set aside.
    pub rejected_bytes: u64,
    /// Files that were set aside: strangers and half-written ones.
    pub set_aside: u64,
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Loaded {
    /// The batch.
    Batch(Box<Batch>),
    /// No batch; the file was set aside, where there are now so many bytes.
    Spoilt(Unreadable, u64),
    /// No file.
    Missing,
}

/// What reading a journal gave.
#[derive(Debug)]
pub enum LoadedJournal {
    /// The journal.
    Journal(Box<Journal>),
    /// No journal; the file was set aside, where there are now so many bytes.
    Spoilt(Unreadable, u64),
    /// No file.
    Missing,
}

/// What the end of an operation is to the account and the log.
#[derive(Debug, PartialEq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// The spool holds so many datums of an earlier run in so many files; others were set aside.
    Found {
        /// Datums that the totals of that run said to be there.
        expected: u64,
        /// Datums.
        datums: u64,
        /// Files that hold them.
        files: usize,
        /// Strangers.
        set_aside: u64,
        /// Journals of windows that were open.
        journals: Vec<(JournalName, u64)>,
    },
    /// This batch is gone, and why.
    Gone(FileName, Reason, String),
    /// The disk failed.
    Trouble(String),
}
