-- See auxiliary_tables_3.sqlite.sql for what it means.

CREATE TABLE IF NOT EXISTS scim_account (
    local_id BIGINT NOT NULL PRIMARY KEY,
    local_mark VARBINARY(400) NOT NULL,
    name_key VARBINARY(1536),
    email_key VARBINARY(1536),
    KEY scim_account_name (name_key),
    KEY scim_account_email (email_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
