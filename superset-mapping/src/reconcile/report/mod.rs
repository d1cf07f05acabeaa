//! Reports for people: tables, and an HTML page of them.

mod html;
mod table;
