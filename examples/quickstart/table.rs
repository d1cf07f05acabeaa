//! Superset's accounts as a table.

use superset_mapping::store::Account;

/// The table, with a line for each account.
pub(crate) fn accounts(accounts: &[Account]) -> String {
    let header = ["username", "name", "e-mail", "active", "groups", "roles"].map(str::to_owned);
    let rows = accounts.iter().map(|account| {
        [
            account.username.clone(),
            format!("{} {}", account.first_name, account.last_name),
            account.email.clone(),
            if account.active { "yes" } else { "no" }.to_owned(),
            account.groups.join(", "),
            account.roles.join(", "),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(rows).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            lines.push(format!("|-{}-|", rules.join("-|-")));
        }
    }
    lines.join("\n")
}
