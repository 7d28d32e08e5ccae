//! API keys: how programs call the admin paths, within scopes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ApiKeyId, UserId};
use crate::time::Timestamp;
use crate::word::words;

words! {
    /// A part of the admin paths, and what a key may do there. A scope that writes reads as well.
    pub enum Scope {
        AuditRead = "audit:read",
        AuditWrite = "audit:write",
        CouponsRead = "coupons:read",
        CouponsWrite = "coupons:write",
        CustomersRead = "customers:read",
        DropsRead = "drops:read",
        DropsWrite = "drops:write",
        MessagesRead = "messages:read",
        MessagesWrite = "messages:write",
        OrdersRead = "orders:read",
        OrdersWrite = "orders:write",
        PaymentsRead = "payments:read",
        PaymentsWrite = "payments:write",
        ProductsRead = "products:read",
        ProductsWrite = "products:write",
        SettingsRead = "settings:read",
        SettingsWrite = "settings:write",
        StatisticsRead = "statistics:read",
        WebhooksRead = "webhooks:read",
        WebhooksWrite = "webhooks:write",
    }
}

impl Scope {
    /// Returns the part of the admin paths, and true for a scope that writes.
    pub fn parts(self) -> (&'static str, bool) {
        match self.name().split_once(':') {
            Some((area, access)) => (area, access == "write"),
            None => (self.name(), false),
        }
    }

    /// Returns true if the scope suffices for an access to a part of the admin paths.
    pub fn allows(self, area: &str, is_writing: bool) -> bool {
        let (own, writes) = self.parts();
        own == area && (writes || !is_writing)
    }
}

/// A key. The secret itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// SHA-256 of the secret, which is long and random.
    pub hash: [u8; 32],
    pub name: Arc<str>,
    pub scopes: Vec<Scope>,
    /// The admin who made it. The key can do no more than they can.
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// Accurate to a minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    pub fn allows(&self, area: &str, is_writing: bool) -> bool {
        self.revoked_at.is_none() && self.scopes.iter().any(|scope| scope.allows(area, is_writing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_writes_reads_as_well_but_only_its_own_part() {
        assert!(Scope::OrdersWrite.allows("orders", true) && Scope::OrdersWrite.allows("orders", false));
        assert!(Scope::OrdersRead.allows("orders", false) && !Scope::OrdersRead.allows("orders", true));
        assert!(!Scope::OrdersWrite.allows("products", false));
        for scope in Scope::ALL {
            let (area, writes) = scope.parts();
            assert!(scope.allows(area, writes), "{}", scope.name());
        }
    }
}
