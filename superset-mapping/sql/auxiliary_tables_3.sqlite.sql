-- The names and addresses of the rows of ab_user, folded as names are compared, because Superset's own tables have no index on folded
-- text. `local_mark` recognises the row as in scim_resource. Rows that Superset made since are added before names are looked for.
-- A row without keys stands for an id that was skipped: its row may still be in a transaction of Superset's that has not ended.
CREATE TABLE scim_account (
    local_id INTEGER NOT NULL PRIMARY KEY,
    local_mark TEXT NOT NULL,
    name_key TEXT,
    email_key TEXT
);
CREATE INDEX scim_account_name ON scim_account (name_key);
CREATE INDEX scim_account_email ON scim_account (email_key);
