-- Texts are compared byte by byte, as the library compares them.
-- See side_tables_1.sqlite.sql for what the tables mean.

CREATE TABLE scim_resource (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    local_id BIGINT,
    local_mark TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    external_key TEXT COLLATE "C",
    display TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created TEXT COLLATE "C" NOT NULL,
    last_modified TEXT COLLATE "C" NOT NULL
);
CREATE INDEX scim_resource_type ON scim_resource (tenant, resource_type, id);
CREATE INDEX scim_resource_external ON scim_resource (tenant, resource_type, external_key);
CREATE UNIQUE INDEX scim_resource_local ON scim_resource (resource_type, local_id);

CREATE TABLE scim_unique (
    tenant TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, resource_type, attribute, value)
);
CREATE INDEX scim_unique_resource ON scim_unique (resource_id, attribute);

CREATE TABLE scim_value (
    tenant TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (resource_id, attribute, value)
);
CREATE INDEX scim_value_value ON scim_value (tenant, resource_type, attribute, value);

CREATE TABLE scim_member (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL,
    member_key TEXT COLLATE "C" NOT NULL,
    member_type TEXT COLLATE "C",
    UNIQUE (group_id, member_id)
);
CREATE INDEX scim_member_member ON scim_member (member_id, group_id);
CREATE INDEX scim_member_key ON scim_member (member_key, group_id);

CREATE TABLE scim_tombstone (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    local_id BIGINT,
    local_mark TEXT COLLATE "C",
    user_name TEXT COLLATE "C",
    deleted_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX scim_tombstone_local ON scim_tombstone (resource_type, local_id);

CREATE TABLE scim_grant (
    relation TEXT COLLATE "C" NOT NULL,
    holder_id BIGINT NOT NULL,
    held_id BIGINT NOT NULL,
    PRIMARY KEY (relation, holder_id, held_id)
);

CREATE TABLE scim_audit (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    version BIGINT,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX scim_audit_resource ON scim_audit (resource_id, position);
