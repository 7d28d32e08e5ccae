//! Cursors of paged lists. A cursor is signed for one list of one user, so it can be neither forged nor used for another list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Problem;
use crate::api::texts::values;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const CURSOR_BYTES: usize = 1 + 8 + TAG_BYTES;

const LIMIT_DEFAULT: u32 = 20;
pub(crate) const LIMIT_MAX: u32 = 100;

/// The list that a cursor belongs to. A position is valid in this list only.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    pub name: &'static str,
    /// The user that the list belongs to; `None` for lists that are the same for all users.
    pub owner: Option<i64>,
    /// The filter in a canonical spelling.
    pub filter: &'a str,
}

/// Signs and verifies cursors.
#[derive(Clone)]
pub struct Cursors {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

/// The page that a list request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub limit: u32,
    /// The key of the last row of the previous page.
    pub after: Option<i64>,
}

impl Cursors {
    /// Derives a key from the secret, which may serve other purposes too.
    pub fn new(secret: &[u8]) -> Cursors {
        let mut derive = keyed(secret);
        derive.update(b"doorbuster cursors");
        Cursors { keyed: keyed(&derive.finalize().into_bytes()) }
    }

    pub fn encode(&self, list: List<'_>, key: i64) -> String {
        let mut cursor = [0; CURSOR_BYTES];
        cursor[0] = VERSION;
        cursor[1..9].copy_from_slice(&key.to_be_bytes());
        let tag = self.signed(list, &cursor[..9]).finalize().into_bytes();
        cursor[9..].copy_from_slice(&tag[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    pub fn decode(&self, list: List<'_>, cursor: &str) -> Result<i64, Problem> {
        let refused = || Problem::invalid_parameter("cursor", "not_accepted", values::CURSOR);
        let mut bytes = [0; CURSOR_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(cursor, &mut bytes).map_err(|_| refused())?;
        if length != CURSOR_BYTES || bytes[0] != VERSION {
            return Err(refused());
        }
        let (position, tag) = bytes.split_at(9);
        let signed = self.signed(list, position);
        signed.verify_truncated_left(tag).map_err(|_| refused())?;
        Ok(i64::from_be_bytes(position[1..].try_into().expect("the slice is 8 bytes long")))
    }

    /// Returns the page that `limit` and `cursor` of a query string ask for.
    ///
    /// # Errors
    /// A problem that names the parameter if the limit is out of range or the cursor does not belong to the list.
    pub fn page(&self, list: List<'_>, limit: Option<u32>, cursor: Option<&str>) -> Result<Page, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid_parameter("limit", "out_of_range", values::FROM_TO.with(1).with(LIMIT_MAX)));
        }
        let after = cursor.map(|cursor| self.decode(list, cursor)).transpose()?;
        Ok(Page { limit, after })
    }

    fn signed(&self, list: List<'_>, position: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        // Every part has a fixed length or is preceded by its length, so no two lists have the same signature.
        mac.update(position);
        mac.update(&[u8::from(list.owner.is_some())]);
        mac.update(&list.owner.unwrap_or(0).to_be_bytes());
        mac.update(&(list.name.len() as u64).to_be_bytes());
        mac.update(list.name.as_bytes());
        mac.update(list.filter.as_bytes());
        mac
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDERS: List<'_> = List { name: "orders", owner: Some(7), filter: "" };

    fn cursors() -> Cursors {
        Cursors::new(b"a secret")
    }

    #[test]
    fn a_cursor_decodes_to_its_key() {
        for key in [0, 1, -5, i64::MAX, i64::MIN] {
            let cursor = cursors().encode(ORDERS, key);
            assert_eq!(cursors().decode(ORDERS, &cursor).unwrap(), key);
        }
    }

    #[test]
    fn a_cursor_cannot_be_moved_to_another_list() {
        let cursor = cursors().encode(ORDERS, 1);
        let others = [
            List { name: "coupons", ..ORDERS },
            List { owner: Some(8), ..ORDERS },
            List { owner: None, ..ORDERS },
            List { filter: "status=COMPLETED", ..ORDERS },
            List { name: "order", filter: "s", ..ORDERS },
        ];
        for other in others {
            assert!(cursors().decode(other, &cursor).is_err(), "{other:?}");
        }
        assert!(Cursors::new(b"another secret").decode(ORDERS, &cursor).is_err());
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let cursor = cursors().encode(ORDERS, 1);
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(cursors().decode(ORDERS, &changed).is_err(), "{changed}");
        }
        let long = cursor.repeat(1000);
        for bad in ["", "x", "!!!", &cursor[..20], &long, &format!("{cursor}A")] {
            let problem = cursors().decode(ORDERS, bad).unwrap_err();
            assert_eq!(problem.violations()[0].place(), "cursor");
        }
    }

    #[test]
    fn limits_have_bounds() {
        let page = |limit| cursors().page(ORDERS, limit, None);
        assert_eq!(page(None).unwrap(), Page { limit: 20, after: None });
        assert_eq!(page(Some(100)).unwrap().limit, 100);
        for limit in [0, 101] {
            let problem = page(Some(limit)).unwrap_err();
            assert_eq!(problem.violations()[0].place(), "limit");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_signed_cursor_or_a_problem(text in "[A-Za-z0-9_-]{0,40}|\\PC{0,40}", key in any::<i64>()) {
            match cursors().decode(ORDERS, &text) {
                Ok(key) => prop_assert_eq!(cursors().encode(ORDERS, key), text),
                Err(problem) => prop_assert!(problem.status().is_client_error()),
            }
            prop_assert_eq!(cursors().decode(ORDERS, &cursors().encode(ORDERS, key)).unwrap(), key);
        }
    }
}
