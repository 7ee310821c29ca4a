//! The only unsafe code of the program: one ioctl, SIOCETHTOOL, and the memory that the kernel answers into.
//!
//! Why a mapping with a guard, and no `Vec`: for lists the kernel writes as many entries as the driver has *now*,
//! whatever the caller said it has room for (net/ethtool/ioctl.c, ethtool_get_strings and ethtool_get_stats, until
//! a change of late 2025 that answers 0 entries when the number is another). A driver that gets more queues
//! between two calls would write past any buffer that was sized by the first. Here the pages behind the buffer may
//! not be written: copy_to_user goes upwards, stops at the first of them, and the call ends with EFAULT.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::null_mut;

use rustix::ioctl::{Opcode, Updater, ioctl};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// include/uapi/linux/sockios.h.
const SIOCETHTOOL: Opcode = 0x8946;
/// `IFNAMSIZ`, the final NUL included.
pub(super) const NAME_BYTES: usize = 16;
/// Room for an answer: 32,000 names of 32 bytes. Only pages that are written to take memory. A multiple of every page
/// size (4, 16 and 64 KiB).
pub(super) const BUFFER_BYTES: usize = 1 << 20;
/// At least one page, whatever its size.
const GUARD_BYTES: usize = 64 << 10;

/// `struct ifreq` (include/uapi/linux/if.h): a name and a union, of which SIOCETHTOOL uses the pointer. The union's
/// longest member, `struct ifmap`, has 24 bytes on 64-bit machines, so the whole is 40; on 32-bit ones ours is longer
/// than the kernel's.
#[repr(C)]
struct Ifreq {
    name: [u8; NAME_BYTES],
    data: *mut c_void,
    rest: [u8; 16],
}

/// A question, and after [`Exchange::ask`] its answer.
pub(super) struct Exchange {
    /// `BUFFER_BYTES` that may be read and written, then the guard; ours alone until `drop`.
    base: *mut c_void,
}

impl Exchange {
    /// A buffer of zeros.
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: a new private mapping at an address of the kernel's choice touches no memory in use.
        let base = unsafe {
            mmap_anonymous(
                null_mut(),
                BUFFER_BYTES + GUARD_BYTES,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        let exchange = Exchange { base };
        // SAFETY: the last GUARD_BYTES of the mapping just made; no reference into them exists, nor will.
        unsafe {
            mprotect(
                base.cast::<u8>().add(BUFFER_BYTES).cast(),
                GUARD_BYTES,
                MprotectFlags::empty(),
            )
        }?;
        Ok(exchange)
    }

    /// The buffer.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping begins with BUFFER_BYTES readable and writable bytes, zeroed when it was made; it lives
        // as long as self, and the borrow of self keeps any other reference away.
        unsafe { std::slice::from_raw_parts_mut(self.base.cast(), BUFFER_BYTES) }
    }

    /// Puts the command in the buffer to the driver of an interface; its answer takes the command's place.
    pub(super) fn ask(
        &mut self,
        socket: BorrowedFd<'_>,
        interface: [u8; NAME_BYTES],
    ) -> io::Result<()> {
        let mut request = Ifreq {
            name: interface,
            data: self.base,
            rest: [0; 16],
        };
        // SAFETY: SIOCETHTOOL reads and writes a `struct ifreq`, which Ifreq is, and the memory at its pointer,
        // upwards from there: our buffer, to which no reference exists during the call, and where it ends, the guard
        // ends the call too.
        unsafe { ioctl(socket, Updater::<SIOCETHTOOL, Ifreq>::new(&mut request)) }?;
        Ok(())
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // SAFETY: the whole mapping that `new` made; no reference outlives self. An error leaves it mapped: harmless.
        let _ = unsafe { munmap(self.base, BUFFER_BYTES + GUARD_BYTES) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_laid_out_as_the_kernel_reads_it() {
        assert_eq!(std::mem::offset_of!(Ifreq, data), 16);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(size_of::<Ifreq>(), 40);
    }

    /// What keeps a longer answer from other memory: the pages behind the buffer may not be touched.
    #[test]
    fn the_buffer_is_zeroed_and_has_a_guard_behind_it() {
        let mut exchange = Exchange::new().unwrap();
        assert!(exchange.bytes().iter().all(|byte| *byte == 0));
        exchange.bytes().fill(7);
        let end = format!("{:x}-", exchange.base as usize + BUFFER_BYTES);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let guard = maps.lines().find(|line| line.starts_with(&end)).unwrap();
        assert!(guard.contains(" ---p "), "{guard}");
    }
}
