-- What Superset has no column for. Every table is ours and starts with `scim_`; Superset's own are never altered.

-- One row per SCIM resource. `body` is the resource without id, meta, password, members and groups.
-- `local_id` and `local_mark` name the row of ab_user or ab_group: SQLite gives ids of deleted rows out again, so a row is
-- ours only while it also has the mark (ab_user.created_on, ab_group.name). Where ids are never given out again the mark
-- is empty. `external_key` is `external_id`, hashed if it is too long for an index.
CREATE TABLE scim_resource (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    local_id INTEGER,
    local_mark TEXT,
    external_id TEXT,
    external_key TEXT,
    display TEXT,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    last_modified TEXT NOT NULL
);
CREATE INDEX scim_resource_type ON scim_resource (tenant, resource_type, id);
CREATE INDEX scim_resource_external ON scim_resource (tenant, resource_type, external_key);
CREATE UNIQUE INDEX scim_resource_local ON scim_resource (resource_type, local_id);

-- The values that must be unique, in the form that is compared.
CREATE TABLE scim_unique (
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (tenant, resource_type, attribute, value)
);
CREATE INDEX scim_unique_resource ON scim_unique (resource_id, attribute);

-- Other values that are searched for, in the form that is compared.
CREATE TABLE scim_value (
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (resource_id, attribute, value)
);
CREATE INDEX scim_value_value ON scim_value (tenant, resource_type, attribute, value);

-- Who is in which group; `tenant` is that of the group. `member_key` is the id in the form that filters compare; `member_type` is what the client said,
-- for ids that no resource has.
CREATE TABLE scim_member (
    position INTEGER NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    member_key TEXT NOT NULL,
    member_type TEXT,
    UNIQUE (group_id, member_id)
);
CREATE INDEX scim_member_member ON scim_member (member_id, group_id);
CREATE INDEX scim_member_key ON scim_member (member_key, group_id);

-- Deleted resources. A deleted user's row in ab_user stays, because much refers to it; `local_id` is null once the row
-- belongs to somebody again.
CREATE TABLE scim_tombstone (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    local_id INTEGER,
    local_mark TEXT,
    user_name TEXT,
    deleted_at TEXT NOT NULL
);
CREATE INDEX scim_tombstone_local ON scim_tombstone (resource_type, local_id);

-- The rows of ab_user_role, ab_user_group and ab_group_role that we made. The others were made by hand, and stay.
-- `holder_id` is the first of the two ids of such a row, `held_id` the second.
CREATE TABLE scim_grant (
    relation TEXT NOT NULL,
    holder_id INTEGER NOT NULL,
    held_id INTEGER NOT NULL,
    PRIMARY KEY (relation, holder_id, held_id)
);

-- What was done, when, and for whom. No values of attributes: they may be secret.
CREATE TABLE scim_audit (
    position INTEGER NOT NULL PRIMARY KEY,
    happened_at TEXT NOT NULL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    version INTEGER,
    detail TEXT NOT NULL
);
CREATE INDEX scim_audit_resource ON scim_audit (resource_id, position);
