//! What the engines' transactions and rows have in common. The types of sqlx differ by engine, the text here does not.

/// Implements `Transaction` over the type of one engine and a function `query` that makes a statement from a
/// [`Fragment`](crate::sql::Fragment).
#[cfg(any(feature = "sqlite", feature = "postgres"))]
macro_rules! transactions {
    ($engine:ty) => {
        /// A transaction; dropped without [`commit`](Self::commit) it leaves no trace.
        #[derive(Debug)]
        pub(crate) struct Transaction(sqlx::Transaction<'static, $engine>);

        impl Transaction {
            /// Runs a statement and returns how many rows it touched.
            pub(crate) async fn execute(&mut self, statement: Fragment) -> Result<u64, DatabaseError> {
                Ok(query(statement).execute(&mut *self.0).await?.rows_affected())
            }

            /// Runs several statements without values, such as a migration.
            pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), DatabaseError> {
                sqlx::raw_sql(text).execute(&mut *self.0).await?;
                Ok(())
            }

            /// All rows.
            pub(crate) async fn rows(&mut self, statement: Fragment) -> Result<Vec<Row>, DatabaseError> {
                let rows = query(statement).fetch_all(&mut *self.0).await?;
                Ok(rows.into_iter().map(Row).collect())
            }

            /// The first row.
            pub(crate) async fn row(&mut self, statement: Fragment) -> Result<Option<Row>, DatabaseError> {
                Ok(query(statement).fetch_optional(&mut *self.0).await?.map(Row))
            }

            /// Makes it all last.
            pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
                Ok(self.0.commit().await?)
            }
        }
    };
}

/// Implements `Row` over the type of one engine.
macro_rules! rows {
    ($row:ty) => {
        /// A row of a result; columns count from 0.
        ///
        /// Values are read by what they are, not by what their column is declared as: a `DATETIME` of `SQLite` is text.
        #[derive(Debug)]
        pub(crate) struct Row($row);

        impl Row {
            pub(crate) fn optional_integer(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
                Ok(self.0.try_get_unchecked(column)?)
            }

            pub(crate) fn optional_text(&self, column: usize) -> Result<Option<String>, DatabaseError> {
                Ok(self.0.try_get_unchecked(column)?)
            }

            pub(crate) fn optional_boolean(&self, column: usize) -> Result<Option<bool>, DatabaseError> {
                Ok(self.0.try_get_unchecked(column)?)
            }
        }
    };
}
