//! API keys.

use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use super::{Cells, FromCells};

impl FromCells for ApiKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ApiKey, C::Error> {
        Ok(ApiKey {
            id: ApiKeyId(cells.take()?),
            hash: cells.hash()?,
            name: cells.text()?,
            scopes: {
                let json: String = cells.take()?;
                serde_json::from_str(&json).map_err(|error| cells.broken(error))?
            },
            created_by: UserId(cells.take()?),
            created_at: cells.at()?,
            last_used_at: cells.take::<Option<i64>>()?.map(Timestamp::from_micros),
            revoked_at: cells.take::<Option<i64>>()?.map(Timestamp::from_micros),
        })
    }
}
