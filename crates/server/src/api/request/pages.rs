//! Paging of lists.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::Shop;
use crate::api::response::{examples, render};
use crate::http::Problem;
use crate::http::cursor::{LIMIT_MAX, List};

/// `?limit=&cursor=`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct PageQuery {
    /// The number of rows of a page. Default: 20.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page. Default: the first page.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{34}$"), example = examples::CURSOR)]
    cursor: Option<String>,
}

/// The requested page.
pub(crate) struct Page<'a> {
    shop: &'a Shop,
    list: List<'a>,
    pub(crate) limit: usize,
    /// The key of the last row of the previous page.
    pub(crate) after: Option<i64>,
}

impl PageQuery {
    pub(crate) fn page<'a>(&self, shop: &'a Shop, list: List<'a>) -> Result<Page<'a>, Problem> {
        let page = shop.cursors.page(list, self.limit, self.cursor.as_deref())?;
        Ok(Page { shop, list, limit: page.limit as usize, after: page.after })
    }

    /// Pages a short list that is whole in memory. Without a limit, the page has all that follows.
    pub(crate) fn part<B>(&self, shop: &Shop, list: List<'_>, all: Vec<B>) -> Result<render::Page<B>, Problem> {
        let page = self.page(shop, list)?;
        let first =
            page.after.map_or(0, |last| usize::try_from(last).map_or(usize::MAX, |last| last.saturating_add(1)));
        let limit = self.limit.map_or(usize::MAX, |_| page.limit);
        let count = all.len();
        let data: Vec<B> = all.into_iter().skip(first).take(limit).collect();
        let next = first.saturating_add(data.len());
        let last = i64::try_from(next).unwrap_or_default().saturating_sub(1);
        let next_cursor = (next < count).then(|| page.cursor_after(last));
        Ok(render::Page { data, next_cursor })
    }
}

impl Page<'_> {
    /// Returns the number of rows to read: one more than the page has, to know whether more follow.
    pub(crate) fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// Returns the cursor of the page after the row with this key.
    pub(crate) fn cursor_after(&self, last: i64) -> String {
        self.shop.cursors.encode(self.list, last)
    }

    /// Renders the page, with the cursor of the next one if there is one.
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
