//! The channels to users: the log, a gateway over HTTP, and a mail server.

mod gateway;
mod mail;
mod printed;

use std::sync::Arc;

use app::notifications::channels::{Channels, Letter, Unsent};
use app::ports::BoxFuture;
use domain::notification::Channel;

pub use gateway::Gateway;
pub use mail::MailServer;
pub use printed::Printed;

/// Each channel on its own way.
pub struct ByChannel {
    pub email: Arc<dyn Channels>,
    pub push: Arc<dyn Channels>,
    pub sms: Arc<dyn Channels>,
}

impl Channels for ByChannel {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Unsent>> {
        match letter.channel {
            Channel::Email => self.email.send(letter),
            Channel::Push => self.push.send(letter),
            Channel::Sms => self.sms.send(letter),
        }
    }
}
