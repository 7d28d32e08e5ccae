//! Users, and the stored answers of their requests.

pub(crate) mod api_keys;

use domain::time::Timestamp;

use crate::commands::answer::changed::{Changed, LoginAsOf};
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::{ChangeLogin, LoginChange, RegisterUser};
use crate::state::rows::{AnswerKey, Customer, CustomerKey, EndedToken, Login, Role};
use crate::state::table::Missing;

/// Registers a user under an e-mail address that is not taken.
pub(crate) fn register(context: &mut Context<'_>, user: &RegisterUser) -> Answered {
    if context.rows.logins.get(user.email_key)?.is_some() {
        return Err(Refusal::EmailTaken.into());
    }
    let id = user.candidate.expect("the engine chooses a candidate before it loads");
    if context.rows.customers.get(CustomerKey(id))?.is_some() {
        // A customer with a token of this number was first. Queued again, the command gets another candidate.
        return Err(Missing(CustomerKey(id).into()).into());
    }
    context.rows.customers.put(CustomerKey(id), Customer::new(id, context.now));
    let login = Login {
        user: id,
        email: user.email.clone(),
        name: user.name.clone(),
        password_hash: user.password_hash.clone(),
        role: user.role,
        tokens_since: None,
    };
    context.rows.logins.put(user.email_key, login.clone());
    // A customer's name and address are not copied into the stored answers.
    Ok(if user.role == Role::Customer {
        Answer::UserRegistered { user: id }
    } else {
        Answer::changed(Changed::Login(LoginAsOf::of(&login)))
    })
}

/// Changes a login. It writes no event, because roles and passwords stay inside the shop.
pub(crate) fn change(context: &mut Context<'_>, wanted: &ChangeLogin) -> Answered {
    let login = context.rows.logins.get(wanted.email_key)?.filter(|login| login.user == wanted.user).cloned();
    let mut login = login.ok_or(Refusal::UserNotFound)?;
    match &wanted.change {
        LoginChange::Role(role) => login.role = *role,
        LoginChange::Password(hash) => {
            login.password_hash = hash.clone();
            login.tokens_since = Some(context.now);
        }
    }
    let changed = Changed::Login(LoginAsOf::of(&login));
    context.rows.logins.put(wanted.email_key, login);
    Ok(Answer::changed(changed))
}

/// Ends a token before it expires. A token may end twice: the store keeps the first end.
pub(crate) fn end_token(context: &mut Context<'_>, mark: i64, expires: Timestamp) -> Answer {
    context.rows.ended_tokens.push(EndedToken { mark, ended: context.now, expires });
    Answer::Done
}

/// Deletes answers older than the time for which they are kept.
pub(crate) fn forget_answers(context: &mut Context<'_>, keys: &[AnswerKey], before: Timestamp) -> Handled {
    for key in keys {
        if context.rows.answers.get(*key)?.is_some_and(|stored| stored.at < before) {
            context.rows.answers.remove(*key);
        }
    }
    Ok(())
}
