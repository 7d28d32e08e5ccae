//! Which mode orders are claimed in: changed by a command of this engine, or of another process on the same store.

use super::Engine;
use crate::ports::LoadError;
use crate::state::rows::{Key, ModesKey, Rows};

impl Engine {
    /// Learns which mode orders are claimed in, where another process may have changed it.
    pub async fn learn_modes(&mut self) -> Result<(), LoadError> {
        let mut rows = Rows::default();
        let loaded = self.store.load(&[Key::Modes], &mut rows).await;
        // A store that cannot even give up is beyond use.
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
