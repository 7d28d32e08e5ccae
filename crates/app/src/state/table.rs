//! One kind of row in a batch: loaded rows, changes, and the undo log of the current command.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::state::rows::Key;

/// A command needs a row that its batch has not loaded. It is undone and queued again with the key declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub Key);

#[derive(Clone, Debug)]
struct Slot<V> {
    value: Option<V>,
    /// True if the store has the row; `None` when the row is written without having been read.
    stored: Option<bool>,
    dirty: bool,
    /// The savepoint under which the slot was last saved for undoing.
    saved_under: u64,
}

/// The change of one row by a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a, V> {
    Insert(&'a V),
    Update(&'a V),
    Delete,
}

impl<'a, V> Change<'a, V> {
    /// Returns the row after the change, unless it is deleted.
    pub fn row(&self) -> Option<&'a V> {
        match *self {
            Change::Insert(row) | Change::Update(row) => Some(row),
            Change::Delete => None,
        }
    }

    /// Returns the row, and if it is new, for kinds that are never deleted.
    ///
    /// # Panics
    ///
    /// If the row is deleted all the same.
    pub fn kept(&self) -> (&'a V, bool) {
        match *self {
            Change::Insert(row) => (row, true),
            Change::Update(row) => (row, false),
            Change::Delete => unreachable!("rows of this kind are never deleted"),
        }
    }
}

#[derive(Debug)]
pub struct Table<K, V> {
    slots: FxHashMap<K, Slot<V>>,
    undo: Vec<(K, Option<Slot<V>>)>,
    savepoint: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { slots: FxHashMap::default(), undo: vec![], savepoint: 0 }
    }
}

impl<K, V> Table<K, V>
where
    K: Copy + Eq + Hash + Ord + Into<Key>,
    V: Clone,
{
    /// Adds the store's row of a key, unless the batch knows the row already.
    pub fn loaded(&mut self, key: K, value: Option<V>) {
        let stored = Some(value.is_some());
        self.slots.entry(key).or_insert(Slot { value, stored, dirty: false, saved_under: 0 });
    }

    /// Declares that the store has no such row, because its identity was just assigned.
    pub fn known_absent(&mut self, key: K) {
        self.save(key);
        self.slots.entry(key).or_insert(Slot { value: None, stored: Some(false), dirty: false, saved_under: 0 });
    }

    pub fn is_loaded(&self, key: &K) -> bool {
        self.slots.contains_key(key)
    }

    pub fn get(&self, key: K) -> Result<Option<&V>, Missing> {
        match self.slots.get(&key) {
            Some(slot) => Ok(slot.value.as_ref()),
            None => Err(Missing(key.into())),
        }
    }

    pub fn put(&mut self, key: K, value: V) {
        self.write(key, Some(value));
    }

    /// Deletes a row, also one that was not loaded.
    pub fn remove(&mut self, key: K) {
        self.write(key, None);
    }

    /// Returns changes in the order of keys, so that every writer locks and writes rows in one order.
    pub fn changes(&self) -> Vec<(K, Change<'_, V>)> {
        let mut changes: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.dirty)
            .filter_map(|(key, slot)| Some((*key, slot.change()?)))
            .collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }

    /// Returns the keys of rows that the commit writes, in no order.
    pub fn changed(&self) -> impl Iterator<Item = K> {
        self.slots.iter().filter(|(_, slot)| slot.dirty && slot.change().is_some()).map(|(key, _)| *key)
    }

    pub(crate) fn mark(&mut self, savepoint: u64) -> usize {
        self.savepoint = savepoint;
        self.undo.len()
    }

    /// Clears the undo log; the changes are kept.
    pub(crate) fn release_savepoint(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn undo_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            let Some((key, slot)) = self.undo.pop() else { return };
            match slot {
                Some(slot) => self.slots.insert(key, slot),
                None => self.slots.remove(&key),
            };
        }
    }

    fn write(&mut self, key: K, value: Option<V>) {
        self.save(key);
        let slot = self.slots.entry(key).or_insert(Slot { value: None, stored: None, dirty: false, saved_under: 0 });
        slot.value = value;
        slot.dirty = true;
        slot.saved_under = self.savepoint;
    }

    fn save(&mut self, key: K) {
        let before = self.slots.get(&key);
        if before.is_some_and(|slot| slot.saved_under == self.savepoint) {
            return;
        }
        self.undo.push((key, before.cloned()));
    }
}

impl<V> Slot<V> {
    fn change(&self) -> Option<Change<'_, V>> {
        match (&self.value, self.stored) {
            (Some(value), Some(true)) => Some(Change::Update(value)),
            (Some(value), Some(false) | None) => Some(Change::Insert(value)),
            (None, Some(true) | None) => Some(Change::Delete),
            (None, Some(false)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::state::rows::AccountKey;
    use domain::ids::UserId;
    use domain::money::Money;
    use domain::points::Account;

    use super::*;

    const ANN: AccountKey = AccountKey(UserId(1));
    const BOB: AccountKey = AccountKey(UserId(2));

    fn account(balance: i64) -> Account {
        Account { user: ANN.0, balance: Money::won(balance) }
    }

    #[test]
    fn a_rollback_ends_at_the_savepoint() {
        let mut table: Table<AccountKey, Account> = Table::default();
        table.loaded(ANN, Some(account(1)));
        table.mark(1);
        table.put(ANN, account(2));
        let inner = table.mark(2);
        table.put(ANN, account(3));
        table.put(BOB, account(9));
        table.undo_to(inner);
        assert_eq!(table.get(ANN), Ok(Some(&account(2))));
        assert_eq!(table.get(BOB), Err(Missing(BOB.into())));
        table.undo_to(0);
        assert_eq!(table.get(ANN), Ok(Some(&account(1))));
        assert!(table.changes().is_empty());
    }

    #[test]
    fn a_row_created_and_removed_in_one_batch_is_never_written() {
        let mut table: Table<AccountKey, Account> = Table::default();
        table.known_absent(ANN);
        table.put(ANN, account(2));
        table.remove(ANN);
        assert!(table.changes().is_empty());
    }

    #[test]
    fn a_row_removed_without_being_read_is_deleted() {
        let mut table: Table<AccountKey, Account> = Table::default();
        table.remove(ANN);
        assert_eq!(table.changes(), vec![(ANN, Change::Delete)]);
    }
}
