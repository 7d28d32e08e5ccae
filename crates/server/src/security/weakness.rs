//! Refuses secrets and passwords that are easy to guess. With a listener on the loopback address only, they cause a
//! warning.

use std::collections::BTreeSet;

/// A secret shorter than the hash is easier to guess than the signature.
const SECRET_BYTES_MIN: usize = 32;
const DIFFERENT_MIN: usize = 6;
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_DIFFERENT_MIN: usize = 4;
/// Words that attackers try first.
const KNOWN: [&str; 18] = [
    "password",
    "password1",
    "password123",
    "passw0rd",
    "12345678",
    "123456789",
    "1234567890",
    "11111111",
    "qwertyui",
    "qwerty123",
    "iloveyou",
    "adminadmin",
    "admin123",
    "administrator",
    "changeme",
    "changeit",
    "letmein1",
    "doorbuster",
];

/// Returns why a secret is weak and what to do; `None` if it is strong enough.
pub fn of_secret(secret: &[u8]) -> Option<String> {
    let seen = secret.trim_ascii();
    let different = seen.iter().collect::<BTreeSet<_>>().len();
    let why = if seen.is_empty() {
        "the auth secret is blank".to_owned()
    } else if seen.len() < SECRET_BYTES_MIN {
        format!("the auth secret has {} bytes, but needs at least {SECRET_BYTES_MIN}", seen.len())
    } else if different < DIFFERENT_MIN {
        format!("the auth secret has only {different} different bytes")
    } else {
        return None;
    };
    Some(format!(
        "{why}: anyone who guesses it can sign tokens of any customer and admin; set DOORBUSTER_AUTH_SECRET to the output of `openssl rand -hex 32`"
    ))
}

/// Returns why the first admin's password is weak and what to do; `None` if it is strong enough.
pub fn of_admin_password(password: &str) -> Option<String> {
    let lower = password.trim().to_lowercase();
    let different = lower.chars().collect::<BTreeSet<_>>().len();
    let is_weak = lower.chars().count() < PASSWORD_CHARS_MIN
        || different < PASSWORD_DIFFERENT_MIN
        || KNOWN.contains(&lower.as_str());
    is_weak.then(|| {
        format!(
            "admin.password is easy to guess; use at least {PASSWORD_CHARS_MIN} characters that are no common password, or leave it empty \
             to have one generated"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_are_easy_to_guess_are_refused() {
        for weak in
            ["", "x", "          ", &" ".repeat(64), "short secret", &"ab".repeat(40), &format!("{}x", " ".repeat(40))]
        {
            assert!(of_secret(weak.as_bytes()).is_some(), "{weak:?}");
        }
        for good in ["a secret of the tests, long enough for everybody", "3f9a0c7be5d14d6893f0a1b2c4e5d6f7"] {
            assert_eq!(of_secret(good.as_bytes()), None);
        }
    }

    #[test]
    fn admin_passwords_that_are_easy_to_guess_are_refused() {
        for weak in ["x", "        ", "1234567", "Password", "aaaaaaaaaaaa", " changeme "] {
            assert!(of_admin_password(weak).is_some(), "{weak:?}");
        }
        for good in ["open sesame, please", "let the admin in", "비밀번호는길어야"] {
            assert_eq!(of_admin_password(good), None);
        }
    }
}
