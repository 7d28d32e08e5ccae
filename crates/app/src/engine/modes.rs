//! The mode in which orders are claimed: changed by a command of this engine, or of another process on the same store.

use super::Engine;
use crate::ports::{LoadError, StoreError};
use crate::state::rows::{Key, ModesKey, Rows};

impl Engine {
    /// Reloads the mode setting, which another process may have changed. A setting that cannot be read leaves the one that is
    /// known in force, and operators are told of its row once.
    pub async fn learn_modes(&mut self) -> Result<(), LoadError> {
        let mut rows = Rows::default();
        let loaded = self.store.load(&[Key::Modes], &mut rows).await;
        // A store that cannot roll back is unusable.
        self.broken |= self.store.rollback().await.is_err();
        match loaded {
            Ok(()) => self.take_modes(&rows),
            Err(LoadError::Failed(StoreError::Unreadable(row))) => self.unreadable.note(row),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) fn take_modes(&mut self, rows: &Rows) {
        if let Ok(Some(change)) = rows.modes.get(ModesKey) {
            self.settings.modes = change.modes;
        }
    }
}
