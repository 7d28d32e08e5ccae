//! The setting of the mode in which orders are claimed.

use crate::commands::ChangeModes;
use crate::commands::answer::Answer;
use crate::commands::answer::changed::Changed;
use crate::commands::context::{Answered, Context};
use crate::events::event::{Event, ModeChanged};
use crate::state::rows::{ModesChange, ModesKey};

use domain::order::Modes;

/// Changes the setting. A change to the same value for another reason is recorded, a repeated change is not.
pub(crate) fn change(context: &mut Context<'_>, wanted: &ChangeModes) -> Answered {
    let newest = context.rows.modes.get(ModesKey)?;
    let version = newest.map_or(0, |change| change.version) + 1;
    let before = newest.map_or(context.settings.modes, |change| change.modes);
    let modes = Modes { choice: wanted.choice, percent: wanted.percent.unwrap_or(before.percent) };
    if let Some(newest) = newest.filter(|newest| is_repeated(newest, modes, wanted)) {
        return Ok(Answer::changed(Changed::Modes(newest.clone())));
    }
    let change = ModesChange { version, modes, before, by: wanted.by, reason: wanted.reason.clone(), at: context.now };
    context.rows.modes.put(ModesKey, change.clone());
    context.publish(Event::ModeChanged(ModeChanged {
        version,
        from: before.choice,
        from_percent: before.percent,
        to: modes.choice,
        to_percent: modes.percent,
        changed_by: wanted.by,
        reason: wanted.reason.clone(),
        changed_at: context.now,
    }))?;
    Ok(Answer::changed(Changed::Modes(change)))
}

fn is_repeated(newest: &ModesChange, modes: Modes, wanted: &ChangeModes) -> bool {
    newest.modes == modes && newest.by == wanted.by && newest.reason == wanted.reason
}
