//! Notifications in the log, for development: nothing is sent.

use app::notifications::channels::{Channels, Letter, Unsent};
use app::ports::BoxFuture;

/// The last characters of an address that are logged: enough to recognise it, too few to use it.
const SHOWN: usize = 4;

pub struct Printed;

impl Channels for Printed {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Unsent>> {
        let (channel, template) = (letter.channel.name(), letter.template);
        let (to, title, text) = (masked(&letter.to), &letter.title, &letter.text);
        tracing::info!(channel, template, "Notification by {channel} to {to}: {title}. {text}");
        Box::pin(std::future::ready(Ok(())))
    }
}

fn masked(address: &str) -> String {
    let hidden = address.chars().count().saturating_sub(SHOWN);
    let end: String = address.chars().skip(hidden).collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_shown_as_a_whole() {
        assert_eq!(masked("+821012345678"), "…5678");
        assert_eq!(masked("토큰"), "…토큰");
    }
}
