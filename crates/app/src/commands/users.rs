//! People and what the shop remembers of their requests.

use domain::time::Timestamp;

use crate::commands::RegisterUser;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Handled, Step, Unit};
use crate::state::rows::{AnswerKey, Customer, CustomerKey, Login};
use crate::state::table::Missing;

/// Registers somebody under an e-mail address that nobody else has.
pub(crate) fn register(unit: &mut Unit<'_>, user: &RegisterUser) -> Handled {
    if unit.rows.logins.get(user.email_key)?.is_some() {
        return Err(Refusal::EmailTaken.into());
    }
    let id = user.candidate.expect("the engine chooses a candidate before it loads");
    if unit.rows.customers.get(CustomerKey(id))?.is_some() {
        // Somebody came with a token of this number first. Queued again, the command gets another candidate.
        return Err(Missing(CustomerKey(id).into()).into());
    }
    unit.rows.customers.put(CustomerKey(id), Customer::new(id, unit.now));
    let login = Login {
        user: id,
        email: user.email.clone(),
        name: user.name.clone(),
        password_hash: user.password_hash.clone(),
        role: user.role,
    };
    unit.rows.logins.put(user.email_key, login);
    Ok(Answer::UserRegistered { user: id })
}

/// Forgets answers that are older than the promise to keep them.
pub(crate) fn forget_answers(unit: &mut Unit<'_>, keys: &[AnswerKey], before: Timestamp) -> Step {
    for key in keys {
        if unit.rows.answers.get(*key)?.is_some_and(|stored| stored.at < before) {
            unit.rows.answers.remove(*key);
        }
    }
    Ok(())
}
