//! What `PostgreSQL` knows of how large the tables are.
//!
//! It looks by itself about once a minute. Until then it plans as if the tables were as it last saw them, and in a new directory it
//! saw them empty: an import of the first minute would read all rows where an index has the one.

use sqlx::AssertSqlSafe;

use crate::driver::error::DatabaseError;
use crate::driver::postgres::{Pools, Transaction};
use crate::sql::Fragment;

/// Tables that have become more than twice as large as when they were last looked at, of those that are ours to analyse. A page has
/// eight kilobytes: what has four pages is read faster than it is looked at, and the largest are left to the server.
const GROWN: &str = "SELECT quote_ident(c.relname) FROM pg_class c WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) \
                     AND (c.relname LIKE 'scim\\_%' OR c.relname IN \
                     ('ab_user', 'ab_user_role', 'ab_user_group', 'ab_group', 'ab_group_role')) \
                     AND pg_has_role(c.relowner, 'USAGE') \
                     AND pg_relation_size(c.oid) / 8192 BETWEEN 2 * c.relpages + 5 AND 131072 ORDER BY c.relname";

impl Pools {
    /// Has the server look at tables that have grown, so that it plans for what is there. Returns how many there were.
    ///
    /// It waits for nobody who is looking at them already.
    pub(crate) async fn look_at_grown_tables(&self) -> Result<usize, DatabaseError> {
        let mut transaction = Transaction::of(self.writer.begin().await?);
        let mut grown = Vec::new();
        for row in transaction.rows(Fragment::new(GROWN)).await? {
            grown.extend(row.optional_text(0)?);
        }
        if !grown.is_empty() {
            transaction.script("SET LOCAL lock_timeout = '50ms'").await?;
            let statement = format!("ANALYZE {}", grown.join(", "));
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(transaction.connection()).await?;
        }
        transaction.commit().await?;
        Ok(grown.len())
    }
}
