//! Lists by the page.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::Shop;
use crate::api::response::{examples, render};
use crate::http::Problem;
use crate::http::cursor::{LIMIT_MAX, List};

/// `?limit=&cursor=`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct PageQuery {
    /// Rows of a page; 20 unless told.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{34}$"), example = examples::CURSOR)]
    cursor: Option<String>,
}

/// The page that was asked for.
pub(crate) struct Page<'a> {
    shop: &'a Shop,
    list: List<'a>,
    pub(crate) limit: usize,
    /// The key of the last row that the client has.
    pub(crate) after: Option<i64>,
}

impl PageQuery {
    pub(crate) fn page<'a>(&self, shop: &'a Shop, list: List<'a>) -> Result<Page<'a>, Problem> {
        let page = shop.cursors.page(list, self.limit, self.cursor.as_deref())?;
        Ok(Page { shop, list, limit: page.limit as usize, after: page.after })
    }
}

impl Page<'_> {
    /// Rows to read: one more than shown, to know whether there is more.
    pub(crate) fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// What goes on after the row of this key.
    pub(crate) fn cursor_after(&self, last: i64) -> String {
        self.shop.cursors.encode(self.list, last)
    }

    /// The page's body, with the cursor of the next one if there is one.
    pub(crate) fn of<R, B>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> i64,
        body: impl Fn(&R) -> B,
    ) -> render::Page<B> {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = rows.last().filter(|_| has_more).map(key);
        let next_cursor = last.map(|last| self.cursor_after(last));
        render::Page { data: rows.iter().map(body).collect(), next_cursor }
    }
}
