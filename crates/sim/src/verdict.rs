//! The results of checks.

/// The result of a check: what is wrong, if anything.
pub(crate) type Verdict = Result<(), String>;

/// Checks a condition; `complaint` says what is wrong if it does not hold.
pub(crate) fn ensure(holds: bool, complaint: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(complaint()) }
}
