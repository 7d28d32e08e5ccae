//! The mode in which orders are claimed: changed by a command of this engine, or of another process on the same store.

use super::Engine;
use crate::ports::LoadError;
use crate::state::rows::{Key, ModesKey, Rows};

impl Engine {
    /// Reloads the mode setting, which another process may have changed.
    pub async fn learn_modes(&mut self) -> Result<(), LoadError> {
        let mut rows = Rows::default();
        let loaded = self.store.load(&[Key::Modes], &mut rows).await;
        // A store that cannot roll back is unusable.
        self.broken |= self.store.rollback().await.is_err();
        loaded?;
        self.take_modes(&rows);
        Ok(())
    }

    pub(super) fn take_modes(&mut self, rows: &Rows) {
        if let Ok(Some(change)) = rows.modes.get(ModesKey) {
            self.settings.modes = change.modes;
        }
    }
}
