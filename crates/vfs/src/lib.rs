//! How SQLite writes its log: a whole commit in one call instead of two small writes for each page.
//!
//! SQLite opens its files through a VFS. This one opens every file as the system's own VFS does, and wraps a single
//! kind of them: what SQLite writes at the end of a write-ahead log is held until its commit is complete, and then goes
//! to the file in one system call. SQLite shows a commit to other connections only after that, so that no connection
//! can tell the difference (`docs/decisions/0031`).
//!
//! This is the one crate with `unsafe` code, because SQLite and a VFS exchange C pointers. Which bytes are held and
//! when they are written is decided in `frames`, which has none.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::Error;
use rusqlite::ffi::{self, sqlite3_file, sqlite3_filename, sqlite3_vfs};

mod file;
mod frames;

const NAME: &CStr = c"commit-at-once";

/// The system's own VFS, which lives as long as the process.
static SYSTEM: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

/// Returns the name of the VFS, for opening the connection that writes. The first call registers it with SQLite.
///
/// # Errors
///
/// SQLite's error code if the registration fails.
pub fn commit_at_once() -> Result<&'static CStr, Error> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    match *REGISTERED.get_or_init(register) {
        ffi::SQLITE_OK => Ok(NAME),
        code => Err(Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

fn register() -> c_int {
    // SAFETY: without a name, SQLite finds the default VFS, or none.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    // SAFETY: SQLite never frees its VFS, and does not change what is copied here.
    let Some(&system_vfs) = (unsafe { system.as_ref() }) else { return ffi::SQLITE_NOTFOUND };
    let Ok(own_bytes) = c_int::try_from(file::LOG_FILE_BYTES) else { return ffi::SQLITE_NOMEM };
    SYSTEM.store(system, Ordering::Release);
    // Its other methods (names, deleting, time) do not use the VFS that they are called with: they are the ones
    // compiled in.
    let vfs = sqlite3_vfs {
        szOsFile: system_vfs.szOsFile + own_bytes,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        xOpen: Some(open),
        ..system_vfs
    };
    // SAFETY: it is never freed, like its name.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let system = SYSTEM.load(Ordering::Acquire);
    if flags & ffi::SQLITE_OPEN_WAL != 0 {
        // SAFETY: SQLite provides `szOsFile` bytes of memory for the file, and calls with valid arguments.
        return unsafe { file::open(system, name, file, flags, out_flags) };
    }
    // SAFETY: the VFS was found before this function was registered, and has methods; the arguments are SQLite's.
    unsafe { (*system).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| open(system, name, file, flags, out_flags)) }
}
