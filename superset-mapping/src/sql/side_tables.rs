//! The versions of our side tables.

/// The statements that bring the side tables from each version to the next. Versions count from 1; a step is never changed
/// once released.
pub(crate) const SIDE_TABLES: [&str; 1] = [include_str!("../../sql/side_tables_1.sql")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_that_we_create_is_ours_by_name() {
        for statement in SIDE_TABLES.iter().flat_map(|step| step.split(';')) {
            let statement: Vec<&str> = statement.lines().filter(|line| !line.starts_with("--")).collect();
            let Some((_, created)) =
                statement.join(" ").trim().split_once("CREATE ").map(|(a, b)| (a.to_owned(), b.to_owned()))
            else {
                continue;
            };
            let name = created.trim_start_matches("UNIQUE ").split(' ').nth(1).unwrap().to_owned();
            assert!(name.starts_with("scim_"), "{created}");
        }
    }
}
