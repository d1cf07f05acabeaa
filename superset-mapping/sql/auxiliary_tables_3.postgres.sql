-- See auxiliary_tables_3.sqlite.sql for what it means.

CREATE TABLE scim_account (
    local_id BIGINT NOT NULL PRIMARY KEY,
    local_mark TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C",
    email_key TEXT COLLATE "C"
);
CREATE INDEX scim_account_name ON scim_account (name_key);
CREATE INDEX scim_account_email ON scim_account (email_key);
