-- See side_tables_2.sqlite.sql for what it means.

ALTER TABLE scim_resource ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'client:*';
ALTER TABLE scim_resource ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
CREATE INDEX scim_resource_claim ON scim_resource (external_key, resource_type);

ALTER TABLE scim_member ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'client:*';

ALTER TABLE scim_grant ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE scim_tombstone ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'client:*';
ALTER TABLE scim_tombstone ADD COLUMN external_id TEXT COLLATE "C";

CREATE TABLE scim_pin (
    external_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    pinned_at TEXT COLLATE "C" NOT NULL
);

CREATE TABLE scim_source (
    source TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    first_at TEXT COLLATE "C" NOT NULL
);

UPDATE scim_resource SET source = 'provider:' || split_part(external_id, ':', 2) WHERE external_id LIKE 'jit:_%:%';
UPDATE scim_member SET source = (SELECT r.source FROM scim_resource r WHERE r.id = scim_member.group_id)
WHERE group_id IN (SELECT r.id FROM scim_resource r WHERE r.source LIKE 'provider:%');
INSERT INTO scim_source (source, position, first_at) SELECT source, 0, min(created) FROM scim_resource GROUP BY source;

INSERT INTO scim_value (tenant, resource_type, attribute, value, resource_id)
SELECT tenant, resource_type, attribute, value, resource_id FROM scim_unique
WHERE resource_type = 'Group' AND attribute = 'displayName';
UPDATE scim_unique SET attribute = (SELECT 'displayName of ' || r.source FROM scim_resource r WHERE r.id = scim_unique.resource_id)
WHERE resource_type = 'Group' AND attribute = 'displayName'
AND resource_id IN (SELECT r.id FROM scim_resource r WHERE r.source LIKE 'provider:%');
