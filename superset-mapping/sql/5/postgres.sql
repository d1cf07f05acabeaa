-- See sqlite.sql for what it means.

ALTER TABLE scim_audit ADD COLUMN changes TEXT COLLATE "C";
ALTER TABLE scim_audit ADD COLUMN address TEXT COLLATE "C";
ALTER TABLE scim_audit ADD COLUMN rule TEXT COLLATE "C";
ALTER TABLE scim_audit ADD COLUMN mac TEXT COLLATE "C";

CREATE TABLE scim_audit_chain (
    number BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    link TEXT COLLATE "C" NOT NULL,
    sealed_at TEXT COLLATE "C" NOT NULL,
    signature TEXT COLLATE "C"
);
CREATE UNIQUE INDEX scim_audit_chain_position ON scim_audit_chain (position);
