-- What each write was, with values, and what shows that nobody changed the audit since.

-- `changes` is what a write did to the resource, as JSON (`ChangeRecord`): values before and after, of secrets only that they were set or
-- removed. `address` is where the request came from, `rule` in words which rule gave the role, and `mac` the authentication code of
-- the other columns but `position`, with a number used once. Rows from before have none of these.
ALTER TABLE scim_audit ADD COLUMN changes TEXT;
ALTER TABLE scim_audit ADD COLUMN address TEXT;
ALTER TABLE scim_audit ADD COLUMN rule TEXT;
ALTER TABLE scim_audit ADD COLUMN mac TEXT;

-- The rows of scim_audit in the order in which they were sealed: each link is a hash of the one before and of the row. A first link
-- that has a signature stands for all rows before, which were purged.
CREATE TABLE scim_audit_chain (
    number INTEGER NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    link TEXT NOT NULL,
    sealed_at TEXT NOT NULL,
    signature TEXT
);
CREATE UNIQUE INDEX scim_audit_chain_position ON scim_audit_chain (position);
