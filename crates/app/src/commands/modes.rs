//! The setting that says in which mode orders are claimed.

use crate::commands::ChangeModes;
use crate::commands::answer::Answer;
use crate::commands::answer::changed::Changed;
use crate::commands::context::{Handled, Unit};
use crate::events::event::{Event, ModeChanged};
use crate::state::rows::{ModesChange, ModesKey};

use domain::order::Modes;

/// Changes the setting. What is the same already is written down too: somebody wanted it, for a reason.
pub(crate) fn change(unit: &mut Unit<'_>, wanted: &ChangeModes) -> Handled {
    let newest = unit.rows.modes.get(ModesKey)?;
    let version = newest.map_or(0, |change| change.version) + 1;
    let before = newest.map_or(unit.settings.modes, |change| change.modes);
    let modes = Modes { choice: wanted.choice, percent: wanted.percent.unwrap_or(before.percent) };
    let change = ModesChange { version, modes, before, by: wanted.by, reason: wanted.reason.clone(), at: unit.now };
    unit.rows.modes.put(ModesKey, change.clone());
    unit.publish(Event::ModeChanged(ModeChanged {
        version,
        from: before.choice,
        from_percent: before.percent,
        to: modes.choice,
        to_percent: modes.percent,
        changed_by: wanted.by,
        reason: wanted.reason.clone(),
        changed_at: unit.now,
    }))?;
    Ok(Answer::changed(Changed::Modes(change)))
}
